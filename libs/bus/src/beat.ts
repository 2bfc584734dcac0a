import type { Subscription } from "@nats-io/transport-node";
import { Beat, subjects } from "@sallyport/contracts";
import type { Bus } from "./connect.ts";
import { takeMessages } from "./requests.ts";

/** Without a beat for so many milliseconds nothing is forwarded (I7). */
const beatLife = 2000;

/** Listens for authn's beat. */
export class BeatListener {
  readonly #subscription: Subscription;
  readonly #listeners = new Set<(beat: Beat) => void>();
  #last: Beat | null = null;
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(bus: Bus) {
    this.#subscription = takeMessages(bus, subjects.beat, Beat, (beat) => {
      this.#last = beat;
      this.#heardAt = performance.now();
      for (const listener of this.#listeners) listener(beat);
    });
  }

  /** The last beat; null before the first. */
  get last(): Beat | null {
    return this.#last;
  }

  /** Whether one was heard in the last 2 s, by this machine's own monotonic clock. */
  fresh(): boolean {
    return performance.now() - this.#heardAt < beatLife;
  }

  /** authn's clock at this moment as its last beat tells, in milliseconds since the epoch; null before the first. */
  get clock(): number | null {
    return this.#last && this.#last.time + performance.now() - this.#heardAt;
  }

  /** Tells of each beat from now on. Returns what ends that. */
  onBeat(listener: (beat: Beat) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    this.#subscription.unsubscribe();
    this.#listeners.clear();
  }
}
