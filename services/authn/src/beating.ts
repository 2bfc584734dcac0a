import type { Bus } from "@sallyport/bus";
import { buckets, subjects, type Beat } from "@sallyport/contracts";
import type { Log } from "@sallyport/runtime";
import { z } from "zod";
import type { RevocationBook } from "./revocation-book.ts";

/** Milliseconds. Workers miss it after 2 s, so that two may come late before they forward nothing. */
const every = 600;
const Info = z.object({ state: z.object({ last_seq: z.number().int().nonnegative() }) });

/**
 * The beat: at least each second, how far the buckets of revocations and bundle are. It does not hang on a watch, because a
 * watch can go deaf; what cannot be read is not beaten, and then workers forward nothing.
 */
export class Beating {
  readonly #bus: Bus;
  readonly #book: RevocationBook;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #last: Beat | null = null;
  #beating = false;
  #again = false;

  constructor(bus: Bus, book: RevocationBook, log: Log) {
    this.#bus = bus;
    this.#book = book;
    this.#log = log;
    this.#timer = setInterval(() => this.now(), every);
    book.onComplete(() => this.now());
    this.now();
  }

  get last(): Beat | null {
    return this.#last;
  }

  /** Beats at once, besides; after the beat that is under way, if one is. */
  now(): void {
    if (this.#beating) this.#again = true;
    if (this.#beating || !this.#bus.connected) return;
    this.#beating = true;
    this.#again = false;
    void this.#beat()
      .catch((err: unknown) => {
        this.#log.warn({ err }, "no beat: the buckets cannot be read");
      })
      .finally(() => {
        this.#beating = false;
        if (this.#again) this.now();
      });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #beat(): Promise<void> {
    const [revocations, bundle] = await Promise.all([
      this.#lastSequence(buckets.revocations),
      this.#lastSequence(buckets.bundle),
    ]);
    if (revocations < (this.#last?.revocations ?? 0)) this.#book.suspect();
    const now = Date.now();
    this.#last = {
      v: 1,
      type: "beat",
      time: now,
      revocations,
      complete: this.#book.complete,
      bundle,
      changed: this.#book.changed(),
    };
    this.#bus.publish(subjects.beat, JSON.stringify(this.#last));
  }

  async #lastSequence(bucket: string): Promise<number> {
    const answer = await this.#bus.nats.request(`$JS.API.STREAM.INFO.KV_${bucket}`, "", {
      timeout: 900,
    });
    return Info.parse(answer.json()).state.last_seq;
  }
}
