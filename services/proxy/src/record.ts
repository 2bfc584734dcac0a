import {
  newSessionId,
  type Close,
  type Command,
  type Open,
  type Operation,
  type Own,
  type Parameter,
  type Refused,
  type Result,
  type SessionId,
} from "@sallyport/contracts";
import type { Lane } from "@sallyport/bus";
import { askedMembers, askerMembers, members, novelMembers } from "./command-line.ts";
import { EventChain } from "./event-chain.ts";
import { resultMembers } from "./result-line.ts";

type Chained = "v" | "type" | "session" | "n" | "prev" | "time";
type Fields = {
  open: Omit<Open, Chained | "start" | "number">;
  command: Omit<Command, Chained | "parameters" | "operations"> & {
    readonly parameters: readonly Parameter[];
    readonly operations: readonly Operation[];
  };
  refused: Omit<Refused, Chained>;
  result: Omit<Result, Chained>;
  own: Omit<Own, Chained>;
  close: Omit<Close, Chained | "count">;
};

export type CommandFields = Fields["command"];
export type ResultFields = Fields["result"];

interface Asker extends Pick<CommandFields, "kind" | "connection" | "principal" | "address"> {
  readonly members: string;
}

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

/** A session's record: what a worker writes of it, from `open` to `close`. */
export class SessionRecord {
  readonly session: SessionId = newSessionId();
  readonly #lane: Lane;
  readonly #numbers: SessionNumbers;
  readonly #watch: RecordWatch | null;
  readonly #chain = new EventChain(this.session);
  #closed = false;
  /** Who asked last, and how that is written: as a rule it is the same for all of a session. */
  #asker: Asker | null = null;

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
    return this.#chain.count > 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  open(fields: Fields["open"]): void {
    const trace = this.#watch?.opened(fields);
    const { start } = this.#numbers;
    const numbered = { start, number: this.#numbers.next(), ...fields };
    this.#lane.event(this.#line("open", members(numbered), trace));
  }

  /**
   * The command's line and its hash, in its place in the chain; the gate publishes it, or has it kept. `asked` is what
   * `askedMembers` gives for these fields.
   */
  command(
    fields: CommandFields,
    asked: string = askedMembers(fields),
  ): { readonly line: string; readonly hash: string } {
    const line = this.#line(
      "command",
      novelMembers(fields) + this.#askerMembers(fields) + asked,
      this.#watch?.command(fields),
    );
    return { line, hash: this.#chain.hash ?? "" };
  }

  #askerMembers({ kind, connection, principal, address }: CommandFields): string {
    const known = this.#asker;
    if (
      known !== null &&
      known.kind === kind &&
      known.connection === connection &&
      known.principal === principal &&
      known.address === address
    )
      return known.members;
    const asker = { kind, connection, principal, address };
    this.#asker = { ...asker, members: askerMembers(asker) };
    return this.#asker.members;
  }

  /** A command that is refused before it is published: recorded, never judged. */
  keep(line: string): void {
    this.#lane.event(line);
  }

  refused(fields: Fields["refused"], onStored?: () => void): void {
    this.#lane.event(
      this.#line("refused", members(fields), this.#watch?.refused(fields)),
      onStored,
    );
  }

  result(fields: Fields["result"]): void {
    this.#lane.event(this.#line("result", resultMembers(fields), this.#watch?.result(fields)));
  }

  own(fields: Fields["own"]): void {
    this.#lane.event(this.#line("own", members(fields), this.#watch?.own()));
  }

  /** Once; what comes after is a defect and is not written. */
  close(fields: Fields["close"]): void {
    if (this.#closed || !this.opened) return;
    const trace = this.#watch?.closed(fields);
    this.#lane.event(
      this.#line("close", members({ count: this.#chain.count + 1, ...fields }), trace),
    );
    this.#closed = true;
  }

  #line(type: keyof Fields, body: string, trace: string | undefined): string {
    if (this.#closed) throw new Error(`a ${type} after the session's close`);
    return this.#chain.line(type, body, trace);
  }
}
