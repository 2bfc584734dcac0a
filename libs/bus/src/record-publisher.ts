import type { Msg, Subscription } from "@nats-io/transport-node";
import { randomId } from "@sallyport/contracts";
import type { Bus } from "./connect.ts";
import { readPubAck } from "./pub-ack.ts";

/** The record gate's part of a command: stored, or why it counts as not stored. */
export type Recorded =
  | { readonly kind: "stored"; readonly seq: number }
  | {
      readonly kind: "closed";
      readonly code: "record-full" | "record-refused" | "record-unreachable" | "bus-lost";
    };

export interface RecordPublisherOptions {
  /** Bytes kept for want of an acknowledgement beyond which commands are refused; 64 MiB by default. */
  readonly limit?: number;
}

export interface LaneOptions {
  /** The stream that must acknowledge. */
  readonly stream: string;
  /** Where events go, and everything that is sent again. */
  readonly events: string;
  /** Where a message with a command goes. */
  readonly commands?: string;
}

/** At most so many bytes a message, unless a single event has more. */
const messageLimit = 256 * 1024;
/** How long a result waits for a command to travel with, in milliseconds. */
const companyWait = 5;
const sweepEvery = 50;
/** Without an acknowledgement for so long, an event is sent again. */
const resendAfter = 2000;
const longestBackOff = 5000;
const newline = 0x0a;

interface Line {
  readonly text: string;
  readonly bytes: number;
  readonly deadline: number;
  readonly onCommand: ((recorded: Recorded) => void) | undefined;
  readonly onStored: ((seq: number) => void) | undefined;
}

/** One message: its bytes stay the same however often it is sent. */
interface Batch {
  readonly lane: Lane;
  readonly body: Uint8Array;
  readonly events: number;
  /** Commands that wait for the record gate; emptied when they were told. */
  commands: ((recorded: Recorded) => void)[];
  stored: ((seq: number) => void)[];
  /** Reply tokens of every time it was sent. */
  tokens: string[];
  /** When it is sent (again), in milliseconds since the epoch. */
  due: number;
}

/**
 * Writes events to the record and keeps them until they are stored. Events of one turn of the event loop travel in
 * one message; what is not acknowledged is sent again, same bytes, as an `event` message: recorded, never judged.
 */
export class RecordPublisher {
  readonly #bus: Bus;
  readonly #limit: number;
  readonly #prefix: string;
  readonly #subscription: Subscription;
  readonly #sweeper: NodeJS.Timeout;
  readonly #endStatus: () => void;
  readonly #lanes = new Map<string, Lane>();
  readonly #kept = new Set<Batch>();
  readonly #waiting = new Map<string, Batch>();
  /** Tokens of further copies of what is stored already: each may still be answered once. */
  readonly #spare = new Set<string>();
  readonly #drained: (() => void)[] = [];
  readonly #writable: (() => void)[] = [];
  #bytes = 0;
  #storedEvents = 0;
  #resends = 0;

  constructor(bus: Bus, options: RecordPublisherOptions = {}) {
    this.#bus = bus;
    this.#limit = options.limit ?? 64 * 1024 * 1024;
    this.#prefix = `${bus.gateInbox}.ack.`;
    this.#subscription = bus.subscribe(`${this.#prefix}*`, (message) => this.#answer(message));
    this.#sweeper = setInterval(() => this.#sweep(Date.now()), sweepEvery);
    this.#sweeper.unref();
    this.#endStatus = bus.onStatus((status) =>
      status === "connected" ? this.#resendAll() : this.#failCommands(),
    );
  }

  /** The lane for a subject; the same one each time. */
  lane(options: LaneOptions): Lane {
    let lane = this.#lanes.get(options.events);
    if (lane === undefined) {
      lane = new Lane(options, {
        connected: () => this.#bus.connected,
        full: () => this.#bytes > this.#limit,
        keep: (bytes) => {
          this.#bytes += bytes;
        },
        send: (batch) => this.#take(batch),
      });
      this.#lanes.set(options.events, lane);
    }
    return lane;
  }

  /** Bytes that are not stored yet. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  get counts(): { pendingBytes: number; stored: number; resends: number } {
    return { pendingBytes: this.#bytes, stored: this.#storedEvents, resends: this.#resends };
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

  /** Ends without waiting; `drain` comes before. Returns the events that nobody stored. */
  stop(): number {
    clearInterval(this.#sweeper);
    this.#endStatus();
    this.#subscription.unsubscribe();
    return [...this.#kept].reduce((sum, batch) => sum + batch.events, 0);
  }

  #take(batch: Batch): void {
    this.#kept.add(batch);
    const commands = batch.lane.commandSubject;
    const subject = batch.commands.length > 0 && commands ? commands : batch.lane.eventSubject;
    if (!this.#send(batch, subject)) this.#refuse(batch, "bus-lost", 0);
  }

  #send(batch: Batch, subject: string): boolean {
    const token = randomId();
    if (!this.#bus.publish(subject, batch.body, this.#prefix + token)) return false;
    batch.tokens.push(token);
    this.#waiting.set(token, batch);
    return true;
  }

  #answer(message: Msg): void {
    const token = message.subject.slice(this.#prefix.length);
    const batch = this.#waiting.get(token);
    if (batch === undefined) {
      if (!this.#spare.delete(token))
        this.#bus.alarms.raise("pub-ack", "an acknowledgement came that nobody waits for");
      return;
    }
    this.#waiting.delete(token);
    const ack = readPubAck(message, batch.lane.stream);
    switch (ack.kind) {
      case "stored":
        this.#settle(batch, token, ack.seq);
        return;
      case "refused":
        this.#bus.log.warn(
          { stream: batch.lane.stream, why: ack.why },
          "the record refuses a message",
        );
        this.#refuse(batch, ack.code, this.#backOff(batch));
        return;
      case "strange":
        this.#bus.alarms.raise("pub-ack", "an acknowledgement is none", {
          stream: batch.lane.stream,
          why: ack.why,
        });
        this.#refuse(batch, "record-refused", this.#backOff(batch));
        return;
    }
  }

  #settle(batch: Batch, token: string, seq: number): void {
    this.#kept.delete(batch);
    for (const other of batch.tokens) {
      if (this.#waiting.delete(other) && other !== token) this.#spare.add(other);
    }
    for (const old of this.#spare) {
      if (this.#spare.size <= 10_000) break;
      this.#spare.delete(old);
    }
    this.#bytes -= batch.body.length;
    this.#storedEvents += batch.events;
    for (const tell of batch.commands) tell({ kind: "stored", seq });
    for (const tell of batch.stored) tell(seq);
    if (this.writable) for (const tell of this.#writable.splice(0)) tell();
    if (this.#bytes === 0) for (const tell of this.#drained.splice(0)) tell();
  }

  /** Tells the commands of a message that the gate is closed; from now on it holds events like any other. */
  #refuse(batch: Batch, code: (Recorded & { kind: "closed" })["code"], wait: number): void {
    batch.due = Date.now() + wait;
    const commands = batch.commands;
    batch.commands = [];
    for (const tell of commands) tell({ kind: "closed", code });
  }

  #backOff(batch: Batch): number {
    return Math.min(longestBackOff, 100 * 2 ** Math.min(batch.tokens.length, 10));
  }

  #sweep(now: number): void {
    if (!this.#bus.connected) return;
    for (const batch of this.#kept) {
      if (batch.due > now) continue;
      this.#refuse(batch, "record-unreachable", 0);
      batch.due = now + Math.max(resendAfter, this.#backOff(batch));
      this.#resends++;
      this.#send(batch, batch.lane.eventSubject);
    }
  }

  #resendAll(): void {
    for (const batch of this.#kept) batch.due = 0;
    this.#sweep(Date.now());
  }

  #failCommands(): void {
    for (const batch of this.#kept)
      if (batch.commands.length > 0) this.#refuse(batch, "bus-lost", 0);
  }
}

interface Keeper {
  connected(): boolean;
  full(): boolean;
  keep(bytes: number): void;
  send(batch: Batch): void;
}

/** Lines for one writer's subjects, gathered into messages. */
export class Lane {
  readonly stream: string;
  readonly eventSubject: string;
  readonly commandSubject: string | undefined;
  readonly #keeper: Keeper;
  #lines: Line[] = [];
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;

  constructor(options: LaneOptions, keeper: Keeper) {
    this.stream = options.stream;
    this.eventSubject = options.events;
    this.commandSubject = options.commands;
    this.#keeper = keeper;
  }

  /** Adds an event's line (JSON without a newline). It waits at most 5 ms for a command, when commands come here. */
  event(text: string, onStored?: (seq: number) => void): void {
    this.#add(text, 0, undefined, onStored);
    if (this.commandSubject === undefined) this.#soon ??= setImmediate(() => this.flush());
    else if (this.#soon === undefined) this.#later ??= setTimeout(() => this.flush(), companyWait);
  }

  /**
   * Adds a command's line; it leaves at the end of this turn. `onRecorded` is called once, never before this
   * returns. A command that is not acknowledged by its deadline (milliseconds since the epoch) is closed and sent
   * again as an event.
   */
  command(text: string, deadline: number, onRecorded: (recorded: Recorded) => void): void {
    if (!this.#keeper.connected() || this.#keeper.full()) {
      const code = this.#keeper.connected() ? "record-unreachable" : "bus-lost";
      this.event(text);
      setImmediate(() => onRecorded({ kind: "closed", code }));
      return;
    }
    this.#add(text, deadline, onRecorded, undefined);
    this.#soon ??= setImmediate(() => this.flush());
  }

  /** Sends what has gathered. */
  flush(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    this.#soon = undefined;
    this.#later = undefined;
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
    deadline: number,
    onCommand: Line["onCommand"],
    onStored: Line["onStored"],
  ): void {
    const bytes = Buffer.byteLength(text) + 1;
    this.#keeper.keep(bytes);
    this.#lines.push({ text, bytes, deadline, onCommand, onStored });
  }

  #send(lines: readonly Line[], bytes: number): void {
    const body = Buffer.allocUnsafe(bytes);
    const commands: ((recorded: Recorded) => void)[] = [];
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
    this.#keeper.send({
      lane: this,
      body,
      events: lines.length,
      commands,
      stored,
      tokens: [],
      due: deadline > 0 ? deadline : Date.now() + resendAfter,
    });
  }
}
