import type { Bus } from "./connect.ts";
import { KeptMessages } from "./kept-messages.ts";
import { Lane, type LaneKeeper, type LaneOptions } from "./record-lane.ts";

export interface RecordPublisherOptions {
  /** Bytes kept for want of an acknowledgement beyond which commands are refused; 64 MiB by default. */
  readonly limit?: number;
}

/**
 * Writes events to the record and keeps them until they are stored. What is not acknowledged is sent again, same
 * bytes, in an `event` message: recorded, never judged.
 */
export class RecordPublisher {
  readonly #limit: number;
  readonly #keeper: LaneKeeper;
  readonly #messages: KeptMessages;
  readonly #lanes = new Map<string, Lane>();
  readonly #drained: (() => void)[] = [];
  readonly #writable: (() => void)[] = [];
  #bytes = 0;

  constructor(bus: Bus, options: RecordPublisherOptions = {}) {
    this.#limit = options.limit ?? 64 * 1024 * 1024;
    this.#messages = new KeptMessages(bus, "record", (bytes) => this.#released(bytes));
    this.#keeper = {
      refusal: () => {
        if (!bus.connected) return "bus-lost";
        return this.writable ? null : "record-unreachable";
      },
      took: (bytes) => {
        this.#bytes += bytes;
      },
      tooLarge: (bytes) =>
        bus.alarms.raise("event-too-large", "an event fits into no message", { bytes }),
      keep: (message) => this.#messages.keep(message),
    };
  }

  /** The lane for a subject of events; the same one each time. */
  lane(options: LaneOptions): Lane {
    let lane = this.#lanes.get(options.events);
    if (lane === undefined) {
      lane = new Lane(options, this.#keeper);
      this.#lanes.set(options.events, lane);
    }
    return lane;
  }

  /** Bytes that are not stored yet. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  get counts(): { pendingBytes: number; stored: number; resends: number } {
    const { stored, resends } = this.#messages.counts;
    return { pendingBytes: this.#bytes, stored, resends };
  }

  /** False while more is kept than the limit: whoever can wait, must. */
  get writable(): boolean {
    return this.#bytes <= this.#limit;
  }

  /** Calls back once when it is writable again; at once when it is. */
  onWritable(callback: () => void): void {
    if (this.writable) callback();
    else this.#writable.push(callback);
  }

  /** Sends what waits and resolves when all is stored. */
  drain(): Promise<void> {
    for (const lane of this.#lanes.values()) lane.flush();
    if (this.#bytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** Ends without waiting; `drain` comes before. Returns how many events nobody stored. */
  stop(): number {
    return this.#messages.stop();
  }

  #released(bytes: number): void {
    this.#bytes -= bytes;
    if (this.writable) for (const tell of this.#writable.splice(0)) tell();
    if (this.#bytes === 0) for (const tell of this.#drained.splice(0)) tell();
  }
}
