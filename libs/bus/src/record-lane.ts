import { RecentSenders } from "./recent-senders.ts";
import { maxPayload } from "./server-config.ts";
import { resendAfter, type MessageToKeep, type UnstoredCode } from "./kept-messages.ts";

/** The record gate's part of a command: stored, or why it counts as not stored. */
export type Recorded =
  | { readonly kind: "stored"; readonly seq: number }
  | { readonly kind: "closed"; readonly code: UnstoredCode };

export interface LaneOptions {
  /** The stream that must acknowledge. */
  readonly stream: string;
  /** Where events go, and everything that is sent again. */
  readonly events: string;
  /** Where a message with a command goes. */
  readonly commands?: string;
}

/** What a lane needs of its publisher. */
export interface LaneKeeper {
  /** Why no command can be taken now, or null. */
  refusal(): UnstoredCode | null;
  /** So many bytes were taken over from the caller. */
  took(bytes: number): void;
  /** An event is larger than any message can be, and is lost. */
  tooLarge(bytes: number): void;
  keep(message: MessageToKeep): void;
}

/** At most so many bytes a message, unless a single event has more. */
const messageLimit = 256 * 1024;
/** How long a result waits for a command to travel with, in milliseconds. */
const companyWait = 5;
/**
 * How long a command waits for others, in milliseconds, at the most: twice as long as the record takes to answer (what
 * the others are at takes as long again: their targets and clients), within these bounds. A busy machine has longer
 * cycles, and a longer wait costs less there.
 */
const gathering = { answers: 2, least: 2, most: 6 };
const newline = 0x0a;

interface Line {
  readonly text: string;
  readonly bytes: number;
  /** 0 for what is no command. */
  readonly deadline: number;
  readonly onCommand: ((recorded: Recorded) => void) | undefined;
  readonly onStored: ((seq: number) => void) | undefined;
}

/**
 * Lines for one writer's subjects: those of one turn of the event loop travel in one message, in their order. Commands
 * of several senders wait for each other, as a database commits in groups: what most of a command costs goes by
 * messages, however many commands one holds. Whoever works alone waits for nobody.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #keeper: LaneKeeper;
  #lines: Line[] = [];
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;
  #latest: NodeJS.Timeout | undefined;
  /** Whose commands wait, and who sends some. */
  readonly #waiting = new Set<string>();
  readonly #senders = new RecentSenders();
  /** Milliseconds that the record takes to answer a message with commands, as of late. */
  #answerTime = 0;

  constructor(options: LaneOptions, keeper: LaneKeeper) {
    this.#options = options;
    this.#keeper = keeper;
  }

  /**
   * Adds an event's line (JSON without a newline, less than 4 MiB: a larger one is an alarm, and lost). It waits at
   * most 5 ms for a command, where commands come.
   */
  event(text: string, onStored?: (seq: number) => void): void {
    this.#add(text, Buffer.byteLength(text) + 1, 0, undefined, onStored);
    if (this.#options.commands === undefined) this.#soon ??= setImmediate(() => this.flush());
    else if (this.#soon === undefined) this.#later ??= setTimeout(() => this.flush(), companyWait);
  }

  /**
   * Adds a command's line; it leaves at the end of this turn when each sender at work has one in the message, however
   * many a pipeline puts there, and else in 2 to 6 ms at the latest. `onRecorded` is called once, never before this
   * returns. A command that is not acknowledged by its deadline (milliseconds of `performance.now()`) is closed and sent
   * again as an event.
   */
  command(
    text: string,
    deadline: number,
    onRecorded: (recorded: Recorded) => void,
    sender: string,
  ): void {
    const bytes = Buffer.byteLength(text) + 1;
    const code = bytes > maxPayload ? "record-refused" : this.#keeper.refusal();
    if (code !== null) {
      this.event(text);
      setImmediate(onRecorded, { kind: "closed", code });
      return;
    }
    this.#add(text, bytes, deadline, onRecorded, undefined);
    this.#waiting.add(sender);
    this.#senders.note(sender, performance.now(), this.#answerTime * 8);
    if (this.#waiting.size >= this.#senders.count) this.#soon ??= setImmediate(() => this.flush());
    else this.#latest ??= setTimeout(() => this.flush(), this.#gatheringTime);
  }

  /** Sends what has gathered. */
  flush(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    clearTimeout(this.#latest);
    this.#soon = undefined;
    this.#later = undefined;
    this.#latest = undefined;
    this.#waiting.clear();
    const lines = this.#lines;
    this.#lines = [];
    let from = 0;
    let bytes = 0;
    for (let to = 0; to < lines.length; to++) {
      const size = lines[to]?.bytes ?? 0;
      if (to > from && bytes + size > messageLimit) {
        this.#send(lines.slice(from, to), bytes);
        from = to;
        bytes = 0;
      }
      bytes += size;
    }
    if (lines.length > from) this.#send(from === 0 ? lines : lines.slice(from), bytes);
  }

  #add(
    text: string,
    bytes: number,
    deadline: number,
    onCommand: Line["onCommand"],
    onStored: Line["onStored"],
  ): void {
    if (bytes > maxPayload) {
      this.#keeper.tooLarge(bytes);
      return;
    }
    this.#keeper.took(bytes);
    this.#lines.push({ text, bytes, deadline, onCommand, onStored });
  }

  #send(lines: readonly Line[], bytes: number): void {
    const body = Buffer.allocUnsafe(bytes);
    let commands: ((recorded: Recorded) => void)[] = [];
    const stored: ((seq: number) => void)[] = [];
    let at = 0;
    let deadline = 0;
    for (const line of lines) {
      at += body.write(line.text, at);
      body[at++] = newline;
      if (line.onCommand) commands.push(line.onCommand);
      if (line.onStored) stored.push(line.onStored);
      if (line.deadline > deadline) deadline = line.deadline;
    }
    const hasCommands = commands.length > 0;
    const began = performance.now();
    const tellCommands = (recorded: Recorded): void => {
      const told = commands;
      commands = [];
      if (told.length > 0 && recorded.kind === "stored")
        this.#answerTime += (performance.now() - began - this.#answerTime) / 8;
      for (const tell of told) tell(recorded);
    };
    const { stream, events, commands: forCommands = events } = this.#options;
    this.#keeper.keep({
      stream,
      subject: hasCommands ? forCommands : events,
      again: events,
      body,
      events: lines.length,
      due: deadline > 0 ? deadline : performance.now() + resendAfter,
      onStored: (seq) => {
        tellCommands({ kind: "stored", seq });
        for (const tell of stored) tell(seq);
      },
      onFirstFailure: (code) => tellCommands({ kind: "closed", code }),
    });
  }

  get #gatheringTime(): number {
    const { answers, least, most } = gathering;
    return Math.max(least, Math.min(most, answers * this.#answerTime));
  }
}
