import { buckets, keys, Revocation } from "@sallyport/contracts";
import { z } from "zod";
import type { BeatListener } from "./beat.ts";
import { BucketWatch } from "./bucket-watch.ts";
import { Bucket } from "./buckets.ts";
import type { Bus } from "./connect.ts";

/** authn's mark that every revocation of the archive is in the bucket. */
const RevocationsComplete = z.strictObject({
  v: z.literal(1),
  type: z.literal("complete"),
  at: z.number().int().nonnegative(),
});
export const RevocationEntry = z.discriminatedUnion("type", [Revocation, RevocationsComplete]);
export type RevocationEntry = z.infer<typeof RevocationEntry>;

/**
 * Who is cut off, as a worker sees it: the bucket, and what the beat says at once. Serves nobody until authn has
 * marked the bucket complete, and while it lacks a revision that the beat names (I7).
 */
export class Revocations {
  readonly #watch: BucketWatch<RevocationEntry>;
  readonly #beat: BeatListener;
  readonly #endBeat: () => void;
  readonly #states = new Map<string, Revocation>();
  readonly #listeners = new Set<(revocation: Revocation) => void>();
  #complete = false;

  constructor(bus: Bus, beat: BeatListener) {
    this.#beat = beat;
    const bucket = new Bucket(bus, buckets.revocations, RevocationEntry);
    this.#watch = new BucketWatch(bus, bucket, (change) => {
      if (change.key === keys.revocationsComplete) this.#complete = change.kind === "value";
      else if (change.kind === "value" && change.value.type === "revocation")
        this.#take(change.value);
    });
    this.#endBeat = beat.onBeat(({ changed }) => {
      for (const revocation of changed) this.#take(revocation);
    });
  }

  /** Whether commands may be forwarded: beat fresh, bucket complete, and nothing of it missing here. */
  current(): boolean {
    const { last } = this.#beat;
    return (
      this.#beat.fresh() &&
      last !== null &&
      last.complete &&
      this.#complete &&
      this.#watch.revision >= last.revocations
    );
  }

  /** The revocation that cuts a principal off, or null. */
  of(principal: string): Revocation | null {
    const revocation = this.#states.get(principal);
    return revocation?.state === "revoked" ? revocation : null;
  }

  /** Tells of each principal that is cut off from now on. Returns what ends that. */
  onRevoked(listener: (revocation: Revocation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    this.#watch.stop();
    this.#endBeat();
    this.#listeners.clear();
  }

  /** The newest counts; of two at the same time, the one that cuts off. */
  #take(revocation: Revocation): void {
    const known = this.#states.get(revocation.principal);
    if (known !== undefined) {
      if (known.at > revocation.at) return;
      if (
        known.at === revocation.at &&
        (known.state === "revoked" || revocation.state !== "revoked")
      )
        return;
    }
    this.#states.set(revocation.principal, revocation);
    if (revocation.state === "revoked")
      for (const listener of this.#listeners) listener(revocation);
  }
}
