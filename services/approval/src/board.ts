import type { KvWatchEntry } from "@nats-io/kv";
import type { Bus } from "@sallyport/bus";
import { Answers } from "@sallyport/contracts";
import { readHeld, type Held } from "./held.ts";
import { json, type Buckets } from "./buckets.ts";

export interface Pinned {
  readonly held: Held;
  readonly answers: Answers | null;
}

/** A watch can go deaf while its connection is up, so it is begun anew, from where it was, so often (ms). */
const rewatchEvery = 5000;

/**
 * The holds and answers in the bucket, as the watch last told them; what is decided upon is read again, fresh.
 * Holds no state of its own: after a restart the bucket tells all of it once more.
 */
export class Board {
  readonly #bus: Bus;
  readonly #buckets: Buckets;
  readonly #holds = new Map<string, Held>();
  readonly #answers = new Map<string, Answers>();
  readonly #listeners = new Set<() => void>();
  readonly #endStatus: () => void;
  #timer: NodeJS.Timeout | undefined;
  #watch: Awaited<ReturnType<Buckets["watch"]>> | undefined;
  #revision = 0;
  #heard = 0;
  #stopped = false;

  private constructor(bus: Bus, buckets: Buckets) {
    this.#bus = bus;
    this.#buckets = buckets;
    this.#endStatus = bus.onStatus((status) => {
      if (status === "connected") void this.#rewatch();
    });
  }

  /** Resolves when the bucket is being watched. */
  static async open(bus: Bus, buckets: Buckets): Promise<Board> {
    const board = new Board(bus, buckets);
    await board.#begin();
    board.#again();
    return board;
  }

  /** Every hold, the latest opened first. */
  all(): Pinned[] {
    return [...this.#holds.values()]
      .map((held) => this.#pinned(held))
      .toSorted((a, b) => b.held.hold.opened - a.held.hold.opened);
  }

  /** By the hold's id; a hold whose place another has taken is no longer there. */
  find(hold: string): Pinned | undefined {
    for (const held of this.#holds.values()) if (held.hold.hold === hold) return this.#pinned(held);
    return undefined;
  }

  /** Resolves when the hold is no longer open as the board knows it, or after `limit` milliseconds. */
  settled(hold: string, limit: number): Promise<void> {
    const open = (): boolean => this.find(hold)?.held.hold.state === "open";
    if (!open()) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve();
      };
      const look = (): void => {
        if (!open()) end();
      };
      const timer = setTimeout(end, limit);
      this.#listeners.add(look);
    });
  }

  /** Tells of each change. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** When the watch was last begun, in milliseconds since the epoch. */
  get heard(): number {
    return this.#heard;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#endStatus();
    this.#watch?.stop();
  }

  #pinned(held: Held): Pinned {
    return { held, answers: this.#answers.get(held.hold.hold) ?? null };
  }

  #again(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#rewatch().then(() => this.#again()), rewatchEvery);
    this.#timer.unref();
  }

  async #rewatch(): Promise<void> {
    if (!this.#bus.connected || this.#stopped) return;
    try {
      await this.#begin();
    } catch (err) {
      this.#bus.log.warn({ err }, "the approvals bucket cannot be watched");
    }
  }

  async #begin(): Promise<void> {
    const watch = await this.#buckets.watch(this.#revision);
    this.#watch?.stop();
    this.#watch = watch;
    this.#heard = Date.now();
    if (this.#stopped) watch.stop();
    void this.#follow(watch);
  }

  async #follow(watch: AsyncIterable<KvWatchEntry>): Promise<void> {
    try {
      for await (const entry of watch) this.#take(entry);
    } catch (err) {
      this.#bus.log.warn({ err }, "the watch of the approvals bucket ended");
    }
  }

  #take(entry: KvWatchEntry): void {
    if (entry.revision <= this.#revision) return;
    this.#revision = entry.revision;
    if (entry.key.startsWith("hold.")) this.#takeHold(entry);
    else if (entry.key.startsWith("answer.")) this.#takeAnswers(entry);
    for (const listener of this.#listeners) listener();
  }

  #takeHold(entry: KvWatchEntry): void {
    const before = this.#holds.get(entry.key);
    const held = entry.operation === "PUT" ? readHeld(json(entry)) : null;
    if (entry.operation === "PUT" && !held)
      this.#bus.alarms.raise("hold-unreadable", "a hold in the bucket cannot be read", {
        key: entry.key,
      });
    if (held) this.#holds.set(entry.key, held);
    else this.#holds.delete(entry.key);
    if (before && before.hold.hold !== held?.hold.hold) this.#answers.delete(before.hold.hold);
  }

  #takeAnswers(entry: KvWatchEntry): void {
    const answers = Answers.safeParse(entry.operation === "PUT" ? json(entry) : null);
    if (answers.success) this.#answers.set(answers.data.hold, answers.data);
  }
}
