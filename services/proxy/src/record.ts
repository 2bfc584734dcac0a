import {
  eventHash,
  newSessionId,
  type Close,
  type Command,
  type Open,
  type Own,
  type Refused,
  type Result,
  type SessionId,
} from "@sallyport/contracts";
import type { Lane } from "@sallyport/bus";

type Chained = "v" | "type" | "session" | "n" | "prev" | "time";
type Fields = {
  open: Omit<Open, Chained | "start" | "number">;
  command: Omit<Command, Chained>;
  refused: Omit<Refused, Chained>;
  result: Omit<Result, Chained>;
  own: Omit<Own, Chained>;
  close: Omit<Close, Chained | "count">;
};

export type CommandFields = Fields["command"];

/** Hears what a session writes, for telemetry, and gives the trace that the event carries. */
export interface RecordWatch {
  opened(fields: Fields["open"]): string | undefined;
  command(fields: Fields["command"]): string | undefined;
  refused(fields: Fields["refused"]): string | undefined;
  result(fields: Fields["result"]): string | undefined;
  /** Of what belongs to no command. */
  own(): string | undefined;
  closed(fields: Fields["close"]): string | undefined;
}

/** Numbers the sessions of one run of a worker, so that a session that is missing leaves a hole (I6). */
export class SessionNumbers {
  readonly start: Open["start"];
  #last = 0;

  constructor(start: Open["start"]) {
    this.start = start;
  }

  next(): number {
    return (this.#last += 1);
  }
}

/** INVARIANT (I6): a session's events, numbered without gaps, each with the hash of the one before. */
export class SessionRecord {
  readonly session: SessionId = newSessionId();
  readonly #lane: Lane;
  readonly #numbers: SessionNumbers;
  readonly #watch: RecordWatch | null;
  #n = 0;
  #prev: string | null = null;
  #closed = false;

  constructor(
    lane: Lane,
    numbers: SessionNumbers,
    watch: ((session: SessionId) => RecordWatch) | null = null,
  ) {
    this.#lane = lane;
    this.#numbers = numbers;
    this.#watch = watch && watch(this.session);
  }

  get opened(): boolean {
    return this.#n > 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  open(fields: Fields["open"]): void {
    const trace = this.#watch?.opened(fields);
    const { start } = this.#numbers;
    this.#lane.event(this.#line("open", { start, number: this.#numbers.next(), ...fields }, trace));
  }

  /** The command's line and its hash, in its place in the chain; the gate publishes it, or has it kept. */
  command(fields: Fields["command"]): { readonly line: string; readonly hash: string } {
    const line = this.#line("command", fields, this.#watch?.command(fields));
    return { line, hash: this.#prev ?? "" };
  }

  /** A command that is refused before it is published: recorded, never judged. */
  keep(line: string): void {
    this.#lane.event(line);
  }

  refused(fields: Fields["refused"], onStored?: () => void): void {
    this.#lane.event(this.#line("refused", fields, this.#watch?.refused(fields)), onStored);
  }

  result(fields: Fields["result"]): void {
    this.#lane.event(this.#line("result", fields, this.#watch?.result(fields)));
  }

  own(fields: Fields["own"]): void {
    this.#lane.event(this.#line("own", fields, this.#watch?.own()));
  }

  /** Once; what comes after is a defect and is not written. */
  close(fields: Fields["close"]): void {
    if (this.#closed || !this.opened) return;
    const trace = this.#watch?.closed(fields);
    this.#lane.event(this.#line("close", { count: this.#n + 1, ...fields }, trace));
    this.#closed = true;
  }

  /** `trace` is left out of the line when it is undefined. */
  #line(type: keyof Fields, fields: object, trace: string | undefined): string {
    if (this.#closed) throw new Error(`a ${type} after the session's close`);
    this.#n += 1;
    const line = JSON.stringify({
      v: 1,
      type,
      session: this.session,
      n: this.#n,
      prev: this.#prev,
      time: Date.now(),
      trace,
      ...fields,
    });
    this.#prev = eventHash(line);
    return line;
  }
}
