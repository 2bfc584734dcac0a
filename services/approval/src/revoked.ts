import { BucketWatch, type Bucket, type Bus, type RevocationEntry } from "@sallyport/bus";
import { keys } from "@sallyport/contracts";

/** Who is revoked, as the watch last told it, for what people are shown; what is decided upon is read again, fresh. */
export class Revoked {
  readonly #watch: BucketWatch<RevocationEntry>;
  readonly #keys = new Set<string>();

  constructor(bus: Bus, bucket: Bucket<RevocationEntry>, changed: () => void) {
    this.#watch = new BucketWatch(bus, bucket, (change) => {
      const entry = change.kind === "value" ? change.value : null;
      if (entry?.type === "revocation" && entry.state === "revoked") this.#keys.add(change.key);
      else this.#keys.delete(change.key);
      changed();
    });
  }

  /** Resolves when all that is in the bucket is known. */
  get ready(): Promise<void> {
    return this.#watch.ready;
  }

  has(principal: string): boolean {
    return this.#keys.has(keys.revocation(principal));
  }

  stop(): void {
    this.#watch.stop();
  }
}
