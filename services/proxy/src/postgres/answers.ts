import type { DetectorName } from "@sallyport/contracts";
import {
  Backend,
  parseBackend,
  toClient,
  type FramePart,
  type Frames,
  type MessageFields,
  type TransactionStatus,
} from "@sallyport/pgwire";
import type { AnswerEvents } from "./answer-events.ts";
import { LeavingResult } from "./leaving-result.ts";
import { Outflow } from "./outflow.ts";
import { OwedAnswers, type Owed } from "./owed.ts";
import { OwnAnswering } from "./own-answering.ts";
import { errorFrame, withheld } from "./refusal.ts";
import { ResultRows } from "./result-rows.ts";
import type { ColumnKnowledge } from "./result-shape.ts";
import type { Running } from "./running.ts";
import { Unforeseen } from "./unforeseen.ts";
import { WithheldTexts } from "./withheld-texts.ts";

/** What an own query answers besides its row, its error and ReadyForQuery. */
const silent: ReadonlySet<string> = new Set([
  "parse-complete",
  "bind-complete",
  "close-complete",
  "command-complete",
  "notice",
]);

const tooLarge: MessageFields = { sqlstate: "54000", message: "a row of the catalog is too large" };

/** The target's side of a session: counts what it owes, checks, masks and passes on what it says. */
export class Answers {
  readonly #owed = new OwedAnswers();
  readonly #events: AnswerEvents;
  readonly #result: ResultRows;
  readonly #out: Outflow;
  readonly #leaving: LeavingResult;
  readonly #texts: WithheldTexts;
  readonly #own = new OwnAnswering();
  #broken = false;
  #parted = false;

  /**
   * @param resultLimit bytes of rows or COPY data that a command may bring
   * @param detectors what the target's texts are looked through for
   */
  constructor(
    events: AnswerEvents,
    knows: () => ColumnKnowledge,
    key: Buffer,
    resultLimit = Infinity,
    detectors: readonly DetectorName[] = [],
  ) {
    this.#events = events;
    this.#out = new Outflow((bytes, onRead) => events.toClient(bytes, onRead));
    this.#result = new ResultRows(knows, key);
    this.#leaving = new LeavingResult(this.#result, this.#out, resultLimit, events);
    this.#texts = new WithheldTexts(this.#owed, detectors);
  }

  /** The target has said, with a FATAL error of its own, that it ends the session. */
  get parted(): boolean {
    return this.#parted;
  }

  /** Nothing is owed: the target waits for us. */
  get idle(): boolean {
    return this.#owed.empty;
  }

  /** So much is owed that nothing more is to be asked. */
  get crowded(): boolean {
    return this.#owed.crowded;
  }

  /** Something is owed, and nothing of it for a command. */
  get onlyOwn(): boolean {
    return this.#owed.onlyOwn;
  }

  /** The next ReadyForQuery is owed. */
  get syncing(): boolean {
    return this.#owed.syncing;
  }

  owe(...entries: readonly Owed[]): void {
    this.#texts.owe(entries);
    this.#owed.push(entries);
    this.#sayLocal();
  }

  /** What the target has said leaves, with its last word: the session ends. */
  hasten(): void {
    this.#out.hasten();
  }

  /** A message of the proxy's own that answers nothing; where nothing is owed, it is within none of the target's. */
  notify(bytes: Buffer): void {
    this.#out.say(bytes, true);
  }

  /** Every command that has no last answer yet. */
  unfinished(): Running[] {
    return this.#owed.unfinished();
  }

  take(frames: Frames | FramePart): void {
    if (this.#broken) return;
    try {
      if (frames.kind === "part") this.#part(frames);
      else this.#whole(frames);
    } catch (cause) {
      if (!(cause instanceof Unforeseen)) throw cause;
      this.#broken = true;
      this.#out.flush();
      this.#events.broken(cause.message, cause.code);
    }
  }

  /** What has come is taken: what of it leaves may be told. */
  taken(): void {
    this.#out.taken();
  }

  #whole({ type, count, bytes }: Frames): void {
    switch (type) {
      case Backend.DataRow:
        return this.#rows(bytes, count);
      case Backend.CopyData:
        return this.#copyData(bytes);
      case Backend.RowDescription:
        return this.#rowDescription(bytes);
      default:
        return this.#message(bytes);
    }
  }

  #message(frame: Buffer): void {
    const message = parseBackend(frame);
    const head = this.#owed.head;
    if (head?.kind === "own-query" && silent.has(message.kind)) return;
    switch (message.kind) {
      case "notice":
        return this.#notice(frame, message.fields);
      case "parameter-status":
        this.#events.parameter(message.name, message.value);
        return this.#out.say(frame, true);
      case "notification":
        return this.#out.say(frame, true);
      case "error":
        return this.#error(frame, message.fields);
      case "ready-for-query":
        return this.#ready(message.status);
      case "command-complete":
      case "empty-query":
        if (head?.kind !== "query" && head?.kind !== "execute")
          return this.#unexpected(message.kind);
        if (message.kind === "command-complete") head.running.tags.push(message.tag);
        head.running.statement++;
        this.#result.end();
        this.#out.say(frame);
        if (head.kind === "execute") this.#settle();
        return;
      case "portal-suspended":
        if (head?.kind !== "execute") return this.#unexpected(message.kind);
        this.#out.say(frame);
        this.#owed.shift();
        // What ends the command comes with a later Execute.
        if (this.#owed.head?.kind === "end") this.#owed.shift();
        this.#events.suspended(head.running);
        return this.#sayLocal();
      case "parse-complete":
        if (head?.kind === "parse") this.#events.made(head.prepared);
        return this.#settleIf("parse", frame);
      case "bind-complete":
        if (head?.kind === "bind") this.#events.made(head.portal);
        return this.#settleIf("bind", frame);
      case "close-complete":
        return this.#settleIf("close", frame);
      case "no-data":
        if (head?.kind !== "describe") return this.#unexpected(message.kind);
        if (!head.own) this.#out.say(frame);
        return this.#settle();
      case "parameter-description":
        if (head?.kind !== "describe") return this.#unexpected(message.kind);
        if (!head.own) this.#out.say(frame);
        return;
      case "copy-in":
        if (head?.kind !== "query" && head?.kind !== "execute")
          return this.#unexpected(message.kind);
        this.#out.say(frame);
        this.#leaving.asksForData();
        return this.#events.copyIn(head.running);
      case "copy-out":
        if (head?.kind !== "query" && head?.kind !== "execute")
          return this.#unexpected(message.kind);
        return this.#leaving.copyBegins(head.running, message, frame);
      case "copy-done":
        return this.#out.say(frame);
      case "function-call-response":
        if (head?.kind !== "function") return this.#unexpected(message.kind);
        return this.#leaving.functionResult(head.running, frame, message.value);
      case "copy-both":
      case "authentication":
      case "row-description":
      case "backend-key-data":
      case "negotiate-protocol-version":
      case "data-row":
      case "copy-data":
        return this.#unexpected(message.kind);
    }
  }

  #rowDescription(frame: Buffer): void {
    const head = this.#owed.head;
    switch (head?.kind) {
      case "own-query":
        return;
      case "describe": {
        const fields = this.#result.fieldsOf(frame, head.prepared);
        if (head.of === "portal") this.#result.begin(head.running, fields);
        else this.#result.described(head.running, fields);
        if (!head.own) this.#out.say(frame);
        return this.#settle();
      }
      case "query":
        this.#result.begin(head.running, this.#result.fieldsOf(frame));
        return this.#out.pass(head.running, frame);
      default:
        return this.#unexpected("row-description");
    }
  }

  #rows(bytes: Buffer, count: number): void {
    const head = this.#owed.head;
    if (head?.kind === "own-query") return this.#own.rows(bytes);
    if (head?.kind !== "query" && head?.kind !== "execute") return this.#unexpected("data-row");
    this.#leaving.rows(head.running, bytes, count, head.kind === "execute");
  }

  #copyData(bytes: Buffer): void {
    const head = this.#owed.head;
    if (head?.kind !== "query" && head?.kind !== "execute") return this.#unexpected("copy-data");
    this.#leaving.copyData(head.running, bytes);
  }

  #part(part: FramePart): void {
    const head = this.#owed.head;
    if (head?.kind === "own-query") return this.#own.failed(tooLarge);
    if (head?.kind !== "query" && head?.kind !== "execute") return this.#unexpected("data");
    this.#leaving.part(head.running, part);
  }

  #notice(frame: Buffer, fields: MessageFields): void {
    const head = this.#owed.head;
    if (head?.kind === "own-query" || head?.kind === "own-failure") return;
    this.#out.say(this.#texts.has(fields) ? withheld(fields, "notice") : frame);
  }

  #error(frame: Buffer, fields: MessageFields): void {
    const head = this.#owed.head;
    this.#result.end();
    const cut = this.#leaving.endCut();
    if (head?.kind === "own-failure") {
      this.#out.say(cut ? errorFrame(cut) : head.bytes);
      if (!head.simple) this.#skipToSync();
      return;
    }
    if (head?.kind === "own-query") return this.#own.failed(fields);
    const sqlstate = fields.sqlstate ?? "XX000";
    const withhold = this.#texts.has(fields);
    if (head && "running" in head && head.running && !(cut && head.running.error))
      head.running.error = {
        code: "target",
        sqlstate,
        message: withhold ? "withheld" : (fields.message ?? "").slice(0, 2000),
      };
    this.#out.say(cut ? errorFrame(cut) : withhold ? withheld(fields, "error") : frame);
    this.#parted ||= fields.severity === "FATAL" || fields.severity === "PANIC";
    if (head === undefined || head.kind === "query" || head.kind === "function") return;
    this.#skipToSync();
  }

  /** After an error the target skips what came before the next Sync; what was owed for it never comes. */
  #skipToSync(): void {
    let first = true;
    while (!this.#owed.empty && this.#owed.head?.kind !== "sync") {
      const entry = this.#owed.shift();
      if (entry) this.#events.gone(entry, first);
      if (entry && "running" in entry && entry.running && !entry.running.finished) {
        const answered = entry.running.error !== undefined;
        this.#events.finished(entry.running, first || answered ? "executed" : "skipped");
      }
      first = false;
    }
    if (this.#owed.empty) this.#events.skipping();
  }

  #ready(status: TransactionStatus): void {
    const head = this.#owed.head;
    this.#texts.ready(status);
    switch (head?.kind) {
      case "own-query":
        this.#owed.shift();
        head.done(this.#own.take(status));
        return this.#sayLocal();
      case "own-failure":
        this.#owed.shift();
        this.#events.ready(status, null);
        return this.#sayLocal();
      case "query":
      case "function":
        this.#owed.shift();
        this.#result.end();
        this.#events.finished(head.running, "executed");
        this.#events.ready(status, this.#leaving.endCut());
        return this.#sayLocal();
      case "sync":
        this.#owed.shift();
        this.#events.ready(status, this.#leaving.endCut());
        return this.#sayLocal();
      default:
        return this.#unexpected("ready-for-query");
    }
  }

  passReady(status: TransactionStatus): void {
    this.#out.say(toClient.readyForQuery(status));
  }

  #settleIf(kind: "parse" | "bind" | "close", frame: Buffer): void {
    if (this.#owed.head?.kind !== kind) return this.#unexpected(`${kind}-complete`);
    this.#out.say(frame);
    this.#settle();
  }

  #settle(): void {
    this.#owed.shift();
    const next = this.#owed.head;
    if (next?.kind === "end") {
      this.#owed.shift();
      this.#result.end();
      this.#events.finished(next.running, "executed");
    }
    this.#sayLocal();
  }

  #sayLocal(): void {
    while (this.#owed.head?.kind === "local") {
      const entry = this.#owed.shift();
      if (entry?.kind === "local") this.#out.say(entry.bytes());
    }
  }

  #unexpected(kind: string): never {
    throw new Unforeseen(`${kind} came when nothing of the kind was owed`, "target-lost");
  }
}
