import { randomId, Revocation } from "@sallyport/contracts";
import type { ArchiveStore } from "@sallyport/evidence";

const prefix = "revocations/";
/** A far store answers each question slowly. */
const readAtOnce = 32;

/** Whether `a` decides rather than `b`: the newer does, and of two at the same time the one that cuts off. */
export const decides = (a: Revocation, b: Revocation): boolean =>
  a.at !== b.at ? a.at > b.at : a.state === "revoked" && b.state === "restored";

/**
 * The copy of the revocations that outlives the bus's storage: an object an act, in the order of time, never changed.
 */
export class RevocationArchive {
  readonly #store: ArchiveStore;

  constructor(store: ArchiveStore) {
    this.#store = store;
  }

  /** Resolves when it survives a crash. */
  async add(revocation: Revocation): Promise<void> {
    const key = `${prefix}${String(revocation.at).padStart(15, "0")}-${randomId()}.json`;
    await this.#store.putIfAbsent(key, Buffer.from(`${JSON.stringify(revocation)}\n`));
  }

  /**
   * What decides for each principal. Throws on an object that cannot be read: it could cut anybody off, so nothing
   * is complete without it.
   */
  async read(): Promise<Map<string, Revocation>> {
    const found = new Map<string, Revocation>();
    let keys: string[] = [];
    const take = async (): Promise<void> => {
      for (const revocation of await Promise.all(keys.map((key) => this.#revocation(key)))) {
        const known = found.get(revocation.principal);
        if (known === undefined || decides(revocation, known))
          found.set(revocation.principal, revocation);
      }
      keys = [];
    };
    for await (const key of this.#store.list(prefix))
      if (keys.push(key) === readAtOnce) await take();
    await take();
    return found;
  }

  async #revocation(key: string): Promise<Revocation> {
    const revocation = parse(await this.#store.get(key));
    if (revocation !== null) return revocation;
    throw new Error(`\`${key}\` in the archive is no revocation: put back what was there`);
  }
}

function parse(bytes: Buffer | null): Revocation | null {
  try {
    const parsed = Revocation.safeParse(JSON.parse(bytes?.toString("utf8") ?? ""));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
