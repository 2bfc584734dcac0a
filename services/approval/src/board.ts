import { BucketWatch, type BucketChange, type Bus } from "@sallyport/bus";
import type { Answers } from "@sallyport/contracts";
import type { Buckets, HoldOrAnswers } from "./buckets.ts";
import { readHeld, type Held } from "./held.ts";

export interface Pinned {
  readonly held: Held;
  readonly answers: Answers | null;
}

/**
 * The holds and answers in the bucket, as the watch last told them; what is decided upon is read again, fresh.
 * It has no state of its own: after a restart the bucket tells all of it once more.
 */
export class Board {
  readonly #bus: Bus;
  readonly #watch: BucketWatch<HoldOrAnswers>;
  readonly #holds = new Map<string, Held>();
  readonly #keys = new Map<string, string>();
  readonly #answers = new Map<string, Answers>();
  readonly #listeners = new Set<() => void>();
  #changed = false;

  constructor(bus: Bus, buckets: Buckets) {
    this.#bus = bus;
    this.#watch = new BucketWatch(bus, buckets.approvals, (change) => this.#take(change));
  }

  /** Resolves when all that is in the bucket is on the board. */
  get ready(): Promise<void> {
    return this.#watch.ready;
  }

  /** Every hold, the latest opened first. */
  all(): Pinned[] {
    return [...this.#holds.values()]
      .map((held) => this.#pinned(held))
      .toSorted((a, b) => b.held.hold.opened - a.held.hold.opened);
  }

  /** By the hold's id; a hold whose place another has taken is no longer there. */
  find(hold: string): Pinned | undefined {
    const held = this.#holds.get(this.#keys.get(hold) ?? "");
    return held && this.#pinned(held);
  }

  /** Resolves when the hold is no longer open as the board knows it, or after `limit` milliseconds. */
  settled(hold: string, limit: number): Promise<void> {
    const open = (): boolean => this.find(hold)?.held.hold.state === "open";
    if (!open()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limit);
    const end = this.onChange(() => {
      if (!open()) resolve();
    });
    return promise.finally(() => {
      clearTimeout(timer);
      end();
    });
  }

  /** Tells once of all changes of one turn. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    this.#watch.stop();
    this.#listeners.clear();
  }

  #pinned(held: Held): Pinned {
    return { held, answers: this.#answers.get(held.hold.hold) ?? null };
  }

  #take(change: BucketChange<HoldOrAnswers>): void {
    if (change.kind === "gone") this.#remove(change.key);
    else if (change.value.type === "answers") this.#answers.set(change.value.hold, change.value);
    else {
      const held = readHeld(change.value);
      this.#remove(change.key);
      if (held) {
        this.#holds.set(change.key, held);
        this.#keys.set(held.hold.hold, change.key);
      } else
        this.#bus.alarms.raise("hold-unreadable", "a hold's command cannot be read", {
          key: change.key,
        });
    }
    this.#announce();
  }

  #remove(key: string): void {
    const before = this.#holds.get(key);
    if (!before) return;
    this.#holds.delete(key);
    this.#keys.delete(before.hold.hold);
  }

  #announce(): void {
    if (this.#changed) return;
    this.#changed = true;
    setImmediate(() => {
      this.#changed = false;
      for (const listener of this.#listeners) listener();
    });
  }
}
