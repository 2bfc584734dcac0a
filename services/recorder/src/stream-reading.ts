import type { Bus } from "@sallyport/bus";
import { messageHash, type Anchor, type StoredMessage, type StreamPart } from "@sallyport/evidence";
import type { Alarms } from "@sallyport/runtime";
import { readBatch } from "./direct-read.ts";
import { isAnchor, type StreamLeader } from "./stream-leader.ts";

/** What was read last is not where it was: the stream must be compared with its anchor. */
class Astray extends Error {}

const beginning: StreamPart = {
  generation: 1,
  first: null,
  last: null,
  messages: 0,
  position: 0,
  anchor: null,
  holes: [],
};

export interface ReadingOptions {
  readonly bus: Bus;
  readonly leader: StreamLeader;
  /** The stream as the chain's last manifest has it; null when there is no chain yet. */
  readonly archived: StreamPart | null;
  readonly alarms: Alarms;
  /** Waits before a hole is looked at again; false when the recorder stops meanwhile. */
  readonly pause: (milliseconds: number) => Promise<boolean>;
  /** How long a hole may take to close before it is a loss. */
  readonly holePatience: number;
}

/**
 * Reads one stream onward from where the archive ends, and knows what was read since the last cut. The archive is
 * its only memory.
 */
export class StreamReading {
  readonly leader: StreamLeader;
  readonly #options: ReadingOptions;
  #generation: number;
  #position: number;
  #anchor: Anchor | null;
  /** The last message, of which the anchor is made when it is asked for: its hash costs as much as its reading. */
  #last: StoredMessage | null = null;
  #first: number | null = null;
  #messages = 0;
  #holes: [number, number][] = [];
  #setBack: StreamPart["setBack"];

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.leader = options.leader;
    const { generation, position, anchor } = options.archived ?? beginning;
    this.#generation = generation;
    this.#position = position;
    this.#anchor = anchor;
  }

  /** The last message that was read. */
  get position(): number {
    return this.#position;
  }

  /** Whether a manifest has to say something of this stream. */
  get changed(): boolean {
    return this.#messages > 0 || this.#setBack !== undefined;
  }

  /**
   * Compares the last message that was read with what lies there on the leader. When it differs or is missing, the
   * stream was set back: its numbers may be used again, so all of it is read anew, as a generation of its own.
   * Returns whether it was.
   */
  async compare(): Promise<boolean> {
    const expected = this.#end();
    if (expected === null || (await this.leader.holds(expected))) return false;
    const found = await this.leader.state();
    this.#options.alarms.raise("stream-set-back", "a stream was set back", {
      stream: this.leader.stream,
      expected: expected.seq,
      ...found,
    });
    this.#setBack = { expected, found };
    this.#generation += 1;
    this.#position = 0;
    this.#anchor = null;
    this.#last = null;
    return true;
  }

  /**
   * Takes what is new, one batch of it, message by message. Returns how many are still to be read.
   * @throws {BatchLost} {@link Astray}; what was taken before stays taken
   */
  async read(take: (message: StoredMessage) => void): Promise<number> {
    const anchor = this.#end();
    const batch = await readBatch(
      this.#options.bus,
      this.leader.stream,
      anchor === null ? 1 : anchor.seq,
    );
    const [first, ...others] = batch.messages;
    if (anchor !== null && (first === undefined || !isAnchor(first, anchor)))
      throw new Astray(`${this.leader.stream}: seq ${anchor.seq} is not what was read`);
    for (const message of anchor === null ? batch.messages : others) {
      // A copy of a stream begins anywhere; only a first generation begins at 1.
      if (this.#position > 0 || this.#generation === 1)
        await this.#close(this.#position + 1, message.seq - 1, take);
      this.#take(message, take);
    }
    return batch.pending;
  }

  /** What the next manifest says, and where the one after it goes on. */
  part(): StreamPart {
    return {
      generation: this.#generation,
      first: this.#first,
      last: this.#first === null ? null : this.#position,
      messages: this.#messages,
      position: this.#position,
      anchor: this.#end(),
      holes: this.#holes,
      ...(this.#setBack !== undefined && { setBack: this.#setBack }),
    };
  }

  /** The part is in the chain. */
  committed(): void {
    this.#first = null;
    this.#messages = 0;
    this.#holes = [];
    this.#setBack = undefined;
  }

  #take(message: StoredMessage, take: (message: StoredMessage) => void): void {
    take(message);
    this.#first ??= message.seq;
    this.#messages += 1;
    this.#position = message.seq;
    this.#last = message;
  }

  #end(): Anchor | null {
    const last = this.#last;
    if (last !== null) this.#anchor = { seq: last.seq, time: last.time, hash: messageHash(last) };
    this.#last = null;
    return this.#anchor;
  }

  /** Fills a hole from the leader, and names as lost what the leader lacks twice. */
  async #close(from: number, to: number, take: (message: StoredMessage) => void): Promise<void> {
    let next = from;
    let lacked = false;
    while (next <= to) {
      const message = await this.leader.next(next);
      const upTo = message === null ? to : Math.min(to, message.seq - 1);
      if (upTo >= next) {
        if (!lacked) {
          lacked = true;
          if (!(await this.#options.pause(this.#options.holePatience)))
            throw new Astray(`${this.leader.stream}: stopped before a hole`);
          continue;
        }
        this.#options.alarms.raise("stream-hole", "the bus has lost what it had acknowledged", {
          stream: this.leader.stream,
          from: next,
          to: upTo,
        });
        this.#holes.push([next, upTo]);
        next = upTo + 1;
      }
      lacked = false;
      if (message !== null && message.seq <= to) {
        this.#take(message, take);
        next = message.seq + 1;
      }
    }
  }
}
