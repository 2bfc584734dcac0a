import type { Msg, Subscription } from "@nats-io/transport-node";
import { randomId } from "@sallyport/contracts";
import type { Bus } from "./connect.ts";
import { InFlight } from "./in-flight.ts";
import { readPubAck } from "./pub-ack.ts";

/** Why a stream did not take a message, the first time it was sent. */
export type UnstoredCode = "record-full" | "record-refused" | "record-unreachable" | "bus-lost";

export interface MessageToKeep {
  /** The stream that must acknowledge. */
  readonly stream: string;
  /** Where it goes the first time, and every other time. */
  readonly subject: string;
  readonly again: string;
  readonly body: Uint8Array;
  readonly events: number;
  /** When it is sent again for want of an acknowledgement, in milliseconds of `performance.now()`. */
  readonly due: number;
  readonly onStored: (seq: number) => void;
  /** Called at most once, when the first try failed; `onStored` may come later all the same. */
  readonly onFirstFailure?: (code: UnstoredCode) => void;
}

const sweepEvery = 50;
export const resendAfter = 2000;
const longestBackOff = 2000;
const spareLimit = 10_000;
const answeredLimit = 1000;

interface Kept {
  /** Its first reply token. */
  readonly id: string;
  readonly message: MessageToKeep;
  /** Reply tokens of every time it was sent that has had no answer. */
  tokens: readonly string[];
  tries: number;
  due: number;
  failed: boolean;
}

/**
 * Messages on their way into streams: each is kept until its stream has acknowledged it, and is sent again, same
 * bytes, for as long as that takes. Acknowledgements come to an inbox on which nobody may publish, to a token of
 * 128 random bits for each time a message is sent.
 */
export class KeptMessages {
  readonly #bus: Bus;
  readonly #prefix: string;
  readonly #subscription: Subscription;
  readonly #sweeper: NodeJS.Timeout;
  readonly #endStatus: () => void;
  readonly #kept = new InFlight<Kept>();
  readonly #waiting = new InFlight<Kept>();
  /** Tokens of further copies of what is stored already: each may still be answered once. */
  readonly #spare = new Set<string>();
  /** The latest tokens to which a stream said that it has stored the message, and as which of its messages. */
  readonly #answered = new Map<string, { readonly stream: string; readonly seq: number }>();
  readonly #onRelease: (bytes: number) => void;
  #stored = 0;
  #resends = 0;

  /** `name` tells this one's inbox from others of the process; `onRelease` hears the size of what was stored. */
  constructor(bus: Bus, name: string, onRelease: (bytes: number) => void) {
    this.#bus = bus;
    this.#onRelease = onRelease;
    this.#prefix = `${bus.gateInbox}.${name}-${randomId()}.`;
    this.#subscription = bus.subscribe(`${this.#prefix}*`, (message) => this.#answer(message));
    this.#sweeper = setInterval(() => this.#sweep(performance.now()), sweepEvery);
    this.#sweeper.unref();
    this.#endStatus = bus.onStatus((status) => {
      const now = performance.now();
      if (status === "connected") this.#resendAll(now);
      else for (const kept of this.#kept.values()) this.#fail(kept, "bus-lost", now);
    });
  }

  get counts(): { kept: number; stored: number; resends: number } {
    return { kept: this.#kept.size, stored: this.#stored, resends: this.#resends };
  }

  keep(message: MessageToKeep): void {
    const id = randomId();
    const kept: Kept = { id, message, tokens: [], tries: 0, due: message.due, failed: false };
    this.#kept.set(id, kept);
    if (!this.#send(kept, message.subject, id)) this.#fail(kept, "bus-lost", 0);
  }

  /** Ends without waiting. Returns how many events nobody stored. */
  stop(): number {
    clearInterval(this.#sweeper);
    this.#endStatus();
    this.#subscription.unsubscribe();
    return this.#kept.values().reduce((sum, { message }) => sum + message.events, 0);
  }

  #send(kept: Kept, subject: string, token: string): boolean {
    if (!this.#bus.publish(subject, kept.message.body, this.#prefix + token)) return false;
    kept.tries++;
    kept.tokens = [...kept.tokens, token];
    this.#waiting.set(token, kept);
    return true;
  }

  #answer(answer: Msg): void {
    const token = answer.subject.slice(this.#prefix.length);
    const kept = this.#waiting.get(token);
    if (kept === undefined) {
      if (!this.#spare.delete(token)) this.#unexpected(token, answer);
      return;
    }
    this.#waiting.delete(token);
    kept.tokens = kept.tokens.filter((other) => other !== token);
    const { stream } = kept.message;
    const ack = readPubAck(answer, stream);
    switch (ack.kind) {
      case "stored":
        this.#answered.set(token, { stream, seq: ack.seq });
        dropOldest(this.#answered, answeredLimit);
        this.#settle(kept, ack.seq);
        return;
      case "refused":
        // In a cluster that changes its leader the same message can be refused by one server and taken by another.
        this.#spare.add(token);
        this.#bus.log.warn({ stream, why: ack.why }, "the record refuses a message");
        this.#fail(kept, ack.code, this.#backOff(kept));
        return;
      case "strange":
        this.#bus.alarms.raise("pub-ack", "an acknowledgement is none", { stream, why: ack.why });
        this.#fail(kept, "record-refused", this.#backOff(kept));
        return;
    }
  }

  /**
   * In a cluster that changes its leader, the one that was may refuse what is stored, and the one that is acknowledges
   * what the other has acknowledged: as the same message of the stream.
   */
  #unexpected(token: string, answer: Msg): void {
    const stored = this.#answered.get(token);
    this.#answered.delete(token);
    const ack = readPubAck(answer, stored?.stream ?? "");
    const again =
      stored !== undefined &&
      (ack.kind === "refused" || (ack.kind === "stored" && ack.seq === stored.seq));
    if (again) this.#bus.log.warn({ said: ack }, "the record answers again what it has taken");
    else
      this.#bus.alarms.raise("pub-ack", "an acknowledgement came that nobody waits for", {
        said: answer.string().slice(0, 200),
        code: answer.headers?.code,
      });
  }

  #settle(kept: Kept, seq: number): void {
    this.#kept.delete(kept.id);
    for (const token of kept.tokens) if (this.#waiting.delete(token)) this.#spare.add(token);
    dropOldest(this.#spare, spareLimit);
    this.#stored += kept.message.events;
    kept.message.onStored(seq);
    this.#onRelease(kept.message.body.length);
  }

  #fail(kept: Kept, code: UnstoredCode, due: number): void {
    kept.due = due;
    if (kept.failed) return;
    kept.failed = true;
    kept.message.onFirstFailure?.(code);
  }

  #backOff(kept: Kept): number {
    return performance.now() + Math.min(longestBackOff, 50 * 2 ** Math.min(kept.tries, 10));
  }

  #sweep(now: number): void {
    if (!this.#bus.connected) return;
    for (const kept of this.#kept.values()) {
      if (kept.due > now) continue;
      this.#fail(kept, "record-unreachable", now + resendAfter);
      this.#resends++;
      this.#send(kept, kept.message.again, randomId());
    }
  }

  #resendAll(now: number): void {
    for (const kept of this.#kept.values()) kept.due = 0;
    this.#sweep(now);
  }
}

function dropOldest(tokens: Pick<Set<string>, "size" | "keys" | "delete">, limit: number): void {
  for (const oldest of tokens.keys()) {
    if (tokens.size <= limit) return;
    tokens.delete(oldest);
  }
}
