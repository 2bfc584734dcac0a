import type { Bus } from "@sallyport/bus";
import { messageHash, type Anchor, type StoredMessage } from "@sallyport/evidence";
import { z } from "zod";

const notFound = 10037;
const patience = 2000;

const Failure = z.object({ error: z.object({ err_code: z.number(), description: z.string() }) });
const Found = z.object({
  message: z.object({
    subject: z.string(),
    seq: z.number().int(),
    time: z.string(),
    hdrs: z.string().optional(),
    data: z.string().optional(),
  }),
});
const Info = z.object({
  state: z.object({ first_seq: z.number().int(), last_seq: z.number().int() }),
});
const Purged = z.object({ success: z.literal(true), purged: z.number().int() });

/** What is asked of a stream's leader. Every method rejects when no answer comes in 2 s or the answer is an error. */
export class StreamLeader {
  readonly #bus: Bus;
  readonly stream: string;

  constructor(bus: Bus, stream: string) {
    this.#bus = bus;
    this.stream = stream;
  }

  /** The message, or null when the leader lacks it. */
  get(seq: number): Promise<StoredMessage | null> {
    return this.#message({ seq });
  }

  /** Whether the message that a manifest names as its anchor lies where it lay, unchanged. */
  async holds(anchor: Anchor): Promise<boolean> {
    const there = await this.get(anchor.seq);
    return there !== null && isAnchor(there, anchor);
  }

  /** The first message at or after `seq`, null when there is none. */
  next(seq: number): Promise<StoredMessage | null> {
    return this.#message({ seq, next_by_subj: ">" });
  }

  async state(): Promise<{ readonly first: number; readonly last: number }> {
    const { state } = Info.parse(await this.#ask("INFO", {}));
    return { first: state.first_seq, last: state.last_seq };
  }

  /**
   * Deletes what lies below `seq`; `seq` itself stays. Returns how many messages that were. Never called without a
   * sequence: such a purge would delete what nobody has read.
   */
  async purgeBelow(seq: number): Promise<number> {
    if (!Number.isSafeInteger(seq) || seq < 1) throw new Error(`no purge below \`${seq}\``);
    return Purged.parse(await this.#ask("PURGE", { seq })).purged;
  }

  async #message(query: object): Promise<StoredMessage | null> {
    const answer = await this.#ask("MSG.GET", query);
    const failure = Failure.safeParse(answer);
    if (failure.success) {
      if (failure.data.error.err_code === notFound) return null;
      throw new Error(`${this.stream}: ${failure.data.error.description}`);
    }
    const { message } = Found.parse(answer);
    return {
      seq: message.seq,
      subject: message.subject,
      time: message.time,
      headers: message.hdrs === undefined ? null : Buffer.from(message.hdrs, "base64"),
      data: Buffer.from(message.data ?? "", "base64"),
    };
  }

  async #ask(call: string, body: object): Promise<unknown> {
    if (!this.#bus.connected) throw new Error("the bus is lost");
    const answer = await this.#bus.nats.request(
      `$JS.API.STREAM.${call}.${this.stream}`,
      JSON.stringify(body),
      { timeout: patience },
    );
    return answer.json();
  }
}

export const isAnchor = (message: StoredMessage, anchor: Anchor): boolean =>
  message.seq === anchor.seq &&
  message.time === anchor.time &&
  messageHash(message) === anchor.hash;
