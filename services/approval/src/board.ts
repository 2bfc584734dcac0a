import { BucketWatch, type BucketChange, type Bus } from "@sallyport/bus";
import type { Answers } from "@sallyport/contracts";
import { answersFor, type Said } from "./answers.ts";
import type { Approving, Buckets } from "./buckets.ts";
import { readHeld, type Held } from "./held.ts";
import { Notices } from "./notices.ts";
import { Revoked } from "./revoked.ts";

export interface Pinned extends Said {
  readonly held: Held;
  /** The next hold of its command took its place in the bucket. */
  readonly replaced: boolean;
}

/** So many holds whose place was taken are remembered, for who answered them and whom it is told. */
const rememberedReplaced = 1024;

/**
 * The holds, answers and notices in the bucket, and whose approvals count no more, as the watches last told them; what is
 * decided upon is read again, fresh. It has no state of its own: after a restart the bucket tells all of it once more.
 */
export class Board {
  readonly #bus: Bus;
  readonly #watch: BucketWatch<Approving>;
  readonly #holds = new Map<string, Held>();
  readonly #keys = new Map<string, string>();
  readonly #replaced = new Map<string, Pick<Pinned, "held" | "revoked">>();
  readonly #answers = new Map<string, Answers>();
  readonly notices = new Notices();
  readonly #revoked: Revoked;
  readonly #listeners = new Set<() => void>();
  #changed = false;

  constructor(bus: Bus, buckets: Buckets) {
    this.#bus = bus;
    this.#watch = new BucketWatch(bus, buckets.approvals, (change) => this.#take(change));
    this.#revoked = new Revoked(bus, buckets.revocations, () => this.#announce());
  }

  /** Resolves when all that is in the buckets is on the board. */
  get ready(): Promise<unknown> {
    return Promise.all([this.#watch.ready, this.#revoked.ready]);
  }

  /** Every hold, the latest opened first. */
  all(): Pinned[] {
    return [...this.#holds.values()]
      .map((held) => this.#pinned(held))
      .toSorted((a, b) => b.held.hold.opened - a.held.hold.opened);
  }

  /** Holds whose place another took while this process looked. */
  replaced(): Pinned[] {
    return [...this.#replaced.values()].map(({ held }) => this.#pinned(held, true));
  }

  /** By the hold's id; a hold whose place another has taken is no longer there. */
  find(hold: string): Pinned | undefined {
    const held = this.#holds.get(this.#keys.get(hold) ?? "");
    return held && this.#pinned(held);
  }

  findReplaced(hold: string): Pinned | undefined {
    const past = this.#replaced.get(hold);
    return past && this.#pinned(past.held, true);
  }

  /** With the answers to a hold, whose approvals count no more; what settled a hold counted then. */
  said(held: Held, answers: Answers | null): Said {
    const past = this.#replaced.get(held.hold.hold);
    if (past) return { answers, revoked: past.revoked };
    const givers = isSettled(held) ? [] : answersFor(held, answers);
    const revoked = givers
      .map(({ principal }) => principal.id)
      .filter((principal) => this.#revoked.has(principal));
    return { answers, revoked: new Set(revoked) };
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
    this.#revoked.stop();
    this.#listeners.clear();
  }

  #pinned(held: Held, replaced = false): Pinned {
    return { held, replaced, ...this.said(held, this.#answers.get(held.hold.hold) ?? null) };
  }

  #take(change: BucketChange<Approving>): void {
    if (change.kind === "gone") {
      this.#remove(change.key);
      this.#answers.delete(change.key.replace(/^answer\./, ""));
      this.notices.remove(change.key);
    } else {
      const { key, value, revision } = change;
      switch (value.type) {
        case "answers":
          this.#answers.set(value.hold, value);
          break;
        case "notice":
          this.notices.put(key, value, revision);
          break;
        case "hold":
          this.#pin(key, readHeld(value));
          break;
      }
    }
    this.#announce();
  }

  #pin(key: string, held: Held | null): void {
    const before = this.#remove(key);
    if (!held) {
      this.#bus.alarms.raise("hold-unreadable", "a hold's command cannot be read", { key });
      return;
    }
    if (before && before.hold.hold !== held.hold.hold) this.#replace(before);
    this.#holds.set(key, held);
    this.#keys.set(held.hold.hold, key);
  }

  #replace(held: Held): void {
    this.#replaced.set(held.hold.hold, { held, revoked: this.#pinned(held).revoked });
    for (const oldest of this.#replaced.keys()) {
      if (this.#replaced.size <= rememberedReplaced) break;
      this.#replaced.delete(oldest);
    }
  }

  #remove(key: string): Held | undefined {
    const before = this.#holds.get(key);
    this.#holds.delete(key);
    if (before) this.#keys.delete(before.hold.hold);
    return before;
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

/** By people: what they said has had its effect. */
const isSettled = ({ hold: { state } }: Held): boolean => state === "used" || state === "denied";
