import { Bucket, BucketWatch, RevocationEntry, type Bus } from "@sallyport/bus";
import { buckets, keys, type Revocation, type Revoke } from "@sallyport/contracts";
import type { Log } from "@sallyport/runtime";
import { decides, type RevocationArchive } from "./revocation-archive.ts";

/** How a revocation or restoration ended; texts are public. */
export interface Noted {
  readonly ok: boolean;
  readonly message: string;
  /** Null when nothing was changed. */
  readonly revocation: Revocation | null;
}

const changedFor = 30_000;
const mostChanged = 1000;
const retryAfter = 1000;
const copyAfter = 5000;
/** Milliseconds; whoever orders waits for 10 s. */
const archivePatience = 7000;
const principalForm = /^[a-z][a-z0-9-]{0,31}#[^\p{Cc}]{1,400}$/u;

/**
 * Who is cut off: the bucket that workers read, and the archive that outlives it. The bucket is marked complete when
 * it holds every revocation of the archive; until then, and again when its storage was lost, nobody is served (I7).
 */
export class RevocationBook {
  readonly #bucket: Bucket<RevocationEntry>;
  readonly #archive: RevocationArchive;
  readonly #watch: BucketWatch<RevocationEntry>;
  readonly #log: Log;
  readonly #endStatus: () => void;
  readonly #states = new Map<string, Revocation>();
  readonly #changed: { revocation: Revocation; at: number }[] = [];
  /** Restorations and synchronisations are done one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  readonly #listeners: (() => void)[] = [];
  #marked = false;
  #synchronised = false;
  #wanted = false;
  #retry: NodeJS.Timeout | undefined;
  /** Principals whose revocation the archive did not take yet. */
  readonly #uncopied = new Set<string>();
  #copying: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(bus: Bus, archive: RevocationArchive, log: Log) {
    this.#archive = archive;
    this.#log = log;
    this.#bucket = new Bucket(bus, buckets.revocations, RevocationEntry);
    this.#watch = new BucketWatch(bus, this.#bucket, (change) => {
      if (change.key === keys.revocationsComplete) {
        this.#marked = change.kind === "value";
        if (!this.#marked) this.#synchronise();
      } else if (change.kind === "value" && change.value.type === "revocation") {
        this.#see(change.value);
      } else {
        this.#synchronise();
      }
    });
    // Behind a reconnection may be another storage, or an older copy of it.
    this.#endStatus = bus.onStatus((status) => {
      if (status === "connected") this.#refresh();
    });
    this.#synchronise();
  }

  /** Tells when the bucket has become complete. */
  onComplete(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Whether the bucket holds all of the archive, as far as this process knows. */
  get complete(): boolean {
    return this.#marked && this.#synchronised;
  }

  /** The highest revision of the bucket that was read. */
  get revision(): number {
    return this.#watch.revision;
  }

  isRevoked(principal: string): boolean {
    return this.#states.get(principal)?.state === "revoked";
  }

  get revoked(): number {
    return [...this.#states.values()].filter(({ state }) => state === "revoked").length;
  }

  /** What changed in the last 30 s, the newest 1000. */
  changed(now = performance.now()): Revocation[] {
    while (this.#changed[0] && now - this.#changed[0].at > changedFor) this.#changed.shift();
    return this.#changed.slice(-mostChanged).map(({ revocation }) => revocation);
  }

  /** The bucket is not what it was (its revisions began again): write into it what it must hold. */
  suspect(): void {
    this.#marked = false;
    this.#synchronise();
  }

  /**
   * Revokes or restores. It is `ok` only when the archive and the bucket have it. `tell` hears what was changed as
   * soon as workers can know it: what cuts off does not wait for the archive, nor for its turn (I7).
   */
  async note(order: Revoke, tell: (revocation: Revocation) => void): Promise<Noted> {
    const { type, principal } = order;
    if (!principalForm.test(principal) || !principal.isWellFormed())
      return {
        ok: false,
        message: `\`${principal}\` is no principal such as \`corp#alice\``,
        revocation: null,
      };
    return type === "revoke"
      ? this.#revoke(order, tell)
      : this.#inTurn(() => this.#restore(order, tell));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#copying);
    this.#endStatus();
    this.#watch.stop();
    await this.#queue;
  }

  async #revoke(order: Revoke, tell: (revocation: Revocation) => void): Promise<Noted> {
    const { principal } = order;
    const revocation = this.#next(order);
    const archiving = this.#copy(revocation);
    const written = await this.#publish(revocation);
    tell(revocation);
    void archiving.then((copied) => {
      if (!copied) this.#copyLater(principal);
    });
    if (!written) return { ok: false, message: "the bus cannot be written: try again", revocation };
    if (!(await archiving))
      return {
        ok: false,
        message: `${principal} is revoked, but the archive cannot be written: try again`,
        revocation,
      };
    return { ok: true, message: `${principal} is revoked`, revocation };
  }

  /** The archive first: it must not say for ever that somebody is cut off who is not. */
  async #restore(order: Revoke, tell: (revocation: Revocation) => void): Promise<Noted> {
    const { principal } = order;
    if (!this.isRevoked(principal))
      return { ok: true, message: `${principal} is not revoked`, revocation: null };
    const revocation = this.#next(order);
    if (!(await this.#copy(revocation)))
      return {
        ok: false,
        message: "the archive cannot be written: nothing changed",
        revocation: null,
      };
    const written = await this.#publish(revocation);
    tell(revocation);
    if (!written) return { ok: false, message: "the bus cannot be written: try again", revocation };
    return { ok: true, message: `${principal} is restored`, revocation };
  }

  #next({ type, principal, by, reason }: Revoke): Revocation {
    return {
      v: 1,
      type: "revocation",
      principal,
      state: type === "revoke" ? "revoked" : "restored",
      at: Math.max(Date.now(), (this.#states.get(principal)?.at ?? 0) + 1),
      by,
      reason,
    };
  }

  /** Whether the archive has it, as far as an operator can wait for that. */
  async #copy(revocation: Revocation): Promise<boolean> {
    try {
      await within(this.#archive.add(revocation), archivePatience, "the archive does not answer");
      return true;
    } catch (err) {
      const { principal } = revocation;
      this.#log.error({ err, principal }, "a revocation could not be archived");
      return false;
    }
  }

  /** Until the archive has it, or what was said of the principal since. Nobody is kept out meanwhile. */
  #copyLater(principal: string): void {
    this.#uncopied.add(principal);
    if (this.#stopped) return;
    this.#copying ??= setTimeout(() => {
      this.#copying = undefined;
      const again = [...this.#uncopied];
      this.#uncopied.clear();
      for (const one of again) void this.#copyAgain(one);
    }, copyAfter);
  }

  async #copyAgain(principal: string): Promise<void> {
    const revocation = this.#states.get(principal);
    if (revocation && !(await this.#copy(revocation))) this.#copyLater(principal);
  }

  /** Whether the bucket has it; the beat tells of it in any case. */
  async #publish(revocation: Revocation): Promise<boolean> {
    this.#see(revocation);
    this.#changed.push({ revocation, at: performance.now() });
    try {
      await this.#write(revocation);
      return true;
    } catch (err) {
      const { principal } = revocation;
      this.#log.error({ err, principal }, "a revocation could not be written to its bucket");
      this.#synchronised = false;
      this.#later();
      return false;
    }
  }

  #see(revocation: Revocation): void {
    const known = this.#states.get(revocation.principal);
    if (known === undefined || decides(revocation, known))
      this.#states.set(revocation.principal, revocation);
  }

  /** What the bucket holds is not known: nobody is served until it is. */
  #synchronise(): void {
    this.#synchronised = false;
    this.#refresh();
  }

  #refresh(): void {
    if (this.#stopped) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#wanted = true;
    void this.#inTurn(async () => {
      if (!this.#wanted || this.#stopped) return;
      this.#wanted = false;
      try {
        await this.#synchroniseOnce();
      } catch (err) {
        this.#synchronised = false;
        this.#log.error({ err }, "revocations are not complete: nobody is served");
        this.#later();
        return;
      }
      if (this.#synchronised) return;
      this.#synchronised = true;
      this.#log.info({ revoked: this.revoked }, "revocations are complete");
      for (const tell of this.#listeners) tell();
    });
  }

  #later(): void {
    if (!this.#stopped) this.#retry ??= setTimeout(() => this.#synchronise(), retryAfter);
  }

  /** Both ways: an archive that was exchanged gets what the bucket knows. */
  async #synchroniseOnce(): Promise<void> {
    const archived = await this.#archive.read();
    for (const revocation of archived.values()) {
      this.#see(revocation);
      await this.#write(revocation);
    }
    await within(this.#watch.ready, 5000, "the bucket cannot be watched");
    for (const revocation of this.#states.values()) {
      const copy = archived.get(revocation.principal);
      if (copy === undefined || decides(revocation, copy)) await this.#archive.add(revocation);
      await this.#write(revocation);
    }
    const mark = { v: 1, type: "complete", at: Date.now() } as const;
    await this.#bucket.create(keys.revocationsComplete, mark);
    this.#marked = true;
  }

  /** Compare-and-set, so that a newer one that another process wrote stays. */
  async #write(revocation: Revocation): Promise<void> {
    const key = keys.revocation(revocation.principal);
    for (;;) {
      const entry = await this.#bucket.get(key);
      if (entry?.value.type === "revocation" && !decides(revocation, entry.value)) return;
      const written =
        entry === null
          ? await this.#bucket.create(key, revocation)
          : await this.#bucket.update(key, revocation, entry.revision);
      if (written !== null) return;
    }
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(act);
    this.#queue = turn.catch(() => {});
    return turn;
  }
}

/** What does not answer must not hold up what an operator orders. */
async function within(
  promise: Promise<void>,
  milliseconds: number,
  otherwise: string,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), milliseconds);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
