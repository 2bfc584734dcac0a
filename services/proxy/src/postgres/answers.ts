import {
  Backend,
  parseBackend,
  parseRowDescription,
  rewriteRows,
  toClient,
  type Field,
  type FramePart,
  type Frames,
  type MessageFields,
  type TransactionStatus,
} from "@sallyport/pgwire";
import { textRow } from "./own-connection.ts";
import { withheld } from "./refusal.ts";
import { resultShape, type ColumnKnowledge, type ResultShape } from "./result-shape.ts";
import type { Running } from "./running.ts";
import type { Portal, Prepared } from "./statements.ts";

/**
 * What the target owes, one entry an answer, in order. `own` entries are the proxy's: their answers never
 * reach the client. `local` is what the proxy itself says when its turn comes.
 */
export type Owed =
  | { readonly kind: "query"; readonly running: Running }
  | { readonly kind: "function"; readonly running: Running }
  | { readonly kind: "parse"; readonly running: Running; readonly prepared: Prepared }
  | { readonly kind: "bind"; readonly running: Running; readonly portal: Portal }
  | {
      readonly kind: "describe";
      readonly running: Running;
      readonly of: "statement" | "portal";
      /** Asked by the proxy to check the result; the client does not see it. */
      readonly own: boolean;
      readonly prepared?: Prepared;
    }
  | { readonly kind: "execute"; readonly running: Running }
  | { readonly kind: "close"; readonly running: Running | null }
  /** Marks that a command of the extended protocol has all its answers. */
  | { readonly kind: "end"; readonly running: Running }
  | { readonly kind: "sync" }
  /** An own simple query; `done` gets the first row's columns, or null when it failed. */
  | { readonly kind: "own-query"; readonly done: (answer: OwnAnswer) => void }
  /** An own statement that fails the transaction: its error is replaced by `bytes`. */
  | { readonly kind: "own-failure"; readonly simple: boolean; readonly bytes: Buffer }
  | { readonly kind: "local"; readonly bytes: () => Buffer };

/** `row`: the first one, null when there was none or `error` came instead. */
export interface OwnAnswer {
  readonly row: readonly (string | null)[] | null;
  readonly error: MessageFields | null;
  readonly status: TransactionStatus;
}

/** What the session does with what the answers tell. */
export interface AnswerEvents {
  toClient(bytes: Buffer): void;
  /** The command has its last answer (or its part of one, when its portal is suspended). */
  finished(running: Running, outcome: "executed" | "skipped"): void;
  suspended(running: Running): void;
  /** COPY FROM STDIN begins: the client's data belongs to it. */
  copyIn(running: Running): void;
  /** ReadyForQuery of the target: the session may hold it back, and passes it on with `passReady`. */
  ready(status: TransactionStatus): void;
  /** A statement or portal came about, or a Close was carried out. */
  made(one: Prepared | Portal): void;
  /** A statement or portal did not come about, a Close was not carried out: it `failed`, or was passed over. */
  gone(entry: Owed, failed: boolean): void;
  /** An error in the extended protocol: the target passes over what comes before the next Sync. */
  skipping(): void;
  parameter(name: string, value: string): void;
  /** The session must end: what came is not what was judged, or cannot be understood. */
  broken(problem: string, code: "origin-mismatch" | "not-maskable" | "target-lost"): void;
}

/** What an own query answers besides its row, its error and ReadyForQuery. */
const silent: ReadonlySet<string> = new Set([
  "parse-complete",
  "bind-complete",
  "close-complete",
  "row-description",
  "command-complete",
  "notice",
]);

/** The target's side of a session: counts what it owes, checks, masks and passes on what it says. */
export class Answers {
  readonly #owed: Owed[] = [];
  readonly #events: AnswerEvents;
  readonly #knows: () => ColumnKnowledge;
  readonly #key: Buffer;
  /** Fields of prepared statements that were described: for results that come without a description. */
  readonly #described = new WeakMap<Prepared, readonly Field[]>();
  #shape: ResultShape | null = null;
  #shapeOf: Running | null = null;
  #fields: readonly Field[] | null = null;
  #ownRow: (string | null)[] | null = null;
  /** Of an own query, or of an own statement that failed as it should; its ReadyForQuery is still to come. */
  #ownError: MessageFields | null = null;
  /** In the transaction that is open, a masked column was touched: its texts may come as late as at COMMIT. */
  #withhold = false;
  #broken = false;

  constructor(events: AnswerEvents, knows: () => ColumnKnowledge, key: Buffer) {
    this.#events = events;
    this.#knows = knows;
    this.#key = key;
  }

  /** Nothing is owed: the target waits for us. */
  get idle(): boolean {
    return this.#owed.length === 0;
  }

  /** Something is owed, and nothing of it for a command. */
  get onlyOwn(): boolean {
    return this.#owed.length > 0 && !this.#owed.some((entry) => "running" in entry);
  }

  /** The next ReadyForQuery is owed. */
  get syncing(): boolean {
    return this.#owed.some(
      (entry) =>
        entry.kind === "sync" ||
        entry.kind === "query" ||
        entry.kind === "function" ||
        (entry.kind === "own-failure" && entry.simple),
    );
  }

  owe(...entries: readonly Owed[]): void {
    for (const entry of entries)
      if ("running" in entry && entry.running?.withhold) this.#withhold = true;
    this.#owed.push(...entries);
    this.#sayLocal();
  }

  /** Every command that has no last answer yet. */
  unfinished(): Running[] {
    const all = new Set<Running>();
    for (const entry of this.#owed)
      if ("running" in entry && entry.running && !entry.running.finished) all.add(entry.running);
    return [...all];
  }

  take(frames: Frames | FramePart): void {
    if (this.#broken) return;
    if (frames.kind === "part") this.#part(frames);
    else this.#whole(frames);
  }

  #whole({ type, count, bytes }: Frames): void {
    switch (type) {
      case Backend.DataRow:
        return this.#rows(bytes, count);
      case Backend.CopyData:
        return this.#copyOut(bytes);
      default:
        return this.#message(bytes);
    }
  }

  #message(frame: Buffer): void {
    const message = parseBackend(frame);
    const head = this.#owed[0];
    if (head?.kind === "own-query" && silent.has(message.kind)) return;
    switch (message.kind) {
      case "notice":
        return this.#notice(frame, message.fields);
      case "parameter-status":
        this.#events.parameter(message.name, message.value);
        return this.#events.toClient(frame);
      case "notification":
        return this.#events.toClient(frame);
      case "error":
        return this.#error(frame, message.fields);
      case "ready-for-query":
        return this.#ready(message.status);
      case "row-description":
        return this.#rowDescription(frame);
      case "command-complete":
      case "empty-query":
        if (head?.kind !== "query" && head?.kind !== "execute")
          return this.#unexpected(message.kind);
        if (message.kind === "command-complete") head.running.tags.push(message.tag);
        head.running.statement++;
        this.#endResult();
        this.#events.toClient(frame);
        if (head.kind === "execute") this.#settle();
        return;
      case "portal-suspended":
        if (head?.kind !== "execute") return this.#unexpected(message.kind);
        this.#events.toClient(frame);
        this.#owed.shift();
        // What ends the command comes with a later Execute.
        if (this.#owed[0]?.kind === "end") this.#owed.shift();
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
        if (!head.own) this.#events.toClient(frame);
        return this.#settle();
      case "parameter-description":
        if (head?.kind !== "describe") return this.#unexpected(message.kind);
        if (!head.own) this.#events.toClient(frame);
        return;
      case "copy-in":
        if (head?.kind !== "query" && head?.kind !== "execute")
          return this.#unexpected(message.kind);
        this.#events.toClient(frame);
        return this.#events.copyIn(head.running);
      case "copy-out":
        if (head?.kind !== "query" && head?.kind !== "execute")
          return this.#unexpected(message.kind);
        // Of known columns the session has seen that none is masked.
        if (head.running.masks.size > 0 && head.running.judged.copiesOut.length === 0)
          return this.#break("rows of COPY cannot be masked", "not-maskable");
        head.running.output(frame);
        return this.#events.toClient(frame);
      case "copy-done":
        return this.#events.toClient(frame);
      case "function-call-response":
        return this.#functionResult(frame, message.value);
      case "copy-both":
      case "authentication":
      case "backend-key-data":
      case "negotiate-protocol-version":
      case "data-row":
      case "copy-data":
        return this.#unexpected(message.kind);
    }
  }

  #rowDescription(frame: Buffer): void {
    const head = this.#owed[0];
    const fields = parseRowDescription(frame);
    switch (head?.kind) {
      case "describe":
        if (head.prepared) this.#described.set(head.prepared, fields);
        if (head.of === "portal") {
          if (!this.#reshape(head.running, fields)) return;
        } else if (!this.#check(head.running, fields)) return;
        if (!head.own) this.#events.toClient(frame);
        return this.#settle();
      case "query":
        if (!this.#reshape(head.running, fields)) return;
        head.running.output(frame);
        return this.#events.toClient(frame);
      default:
        return this.#unexpected("row-description");
    }
  }

  /** The shape of the result that begins now. False when the session broke on it. */
  #reshape(running: Running, fields: readonly Field[] | null): boolean {
    const { judged } = running;
    const outputs =
      judged.kind === "simple" ? judged.outputs[running.statement] : judged.outputs[0];
    const shape = resultShape(
      outputs ?? null,
      fields,
      judged.resultFormats,
      running.masks,
      this.#key,
      this.#knows(),
    );
    if (shape.kind === "mismatch") {
      this.#break(shape.problem, "origin-mismatch");
      return false;
    }
    this.#shape = shape;
    this.#shapeOf = running;
    this.#fields = fields;
    return true;
  }

  /** The description of a statement before it is bound: nothing is sent by it, but a wrong one ends the session. */
  #check(running: Running, fields: readonly Field[]): boolean {
    const shape = resultShape(
      running.judged.outputs[0] ?? null,
      fields,
      [],
      running.masks,
      this.#key,
      this.#knows(),
    );
    if (shape.kind !== "mismatch") return true;
    this.#break(shape.problem, "origin-mismatch");
    return false;
  }

  #rows(bytes: Buffer, count: number): void {
    const head = this.#owed[0];
    if (head?.kind === "own-query") {
      this.#ownRow ??= textRow(bytes);
      return;
    }
    if (head?.kind !== "query" && head?.kind !== "execute") return this.#unexpected("data-row");
    const { running } = head;
    if (this.#shape === null || this.#shapeOf !== running) {
      const statement = running.judged.portalStatement;
      const fields = (statement && this.#described.get(statement)) ?? null;
      if (!this.#reshape(running, fields)) return;
    }
    const shape = this.#shape;
    if (shape?.kind !== "masked" && shape?.kind !== "as-it-comes") return;
    const out =
      shape.kind === "masked" ? rewriteRows(bytes, shape.replacers.length, shape.replacers) : bytes;
    running.rows += count;
    if (head.kind === "execute" && this.#fields) running.describe(this.#fields);
    running.output(out);
    this.#events.toClient(out);
  }

  #copyOut(bytes: Buffer): void {
    const head = this.#owed[0];
    if (head?.kind !== "query" && head?.kind !== "execute") return this.#unexpected("copy-data");
    head.running.output(bytes);
    this.#events.toClient(bytes);
  }

  /** A row or COPY data too large to be held: passed on in pieces, which cannot be masked. */
  #part({ type, bytes, last, offset }: FramePart): void {
    const head = this.#owed[0];
    if (head?.kind !== "query" && head?.kind !== "execute") return this.#unexpected("data");
    const { running } = head;
    if (type === Backend.DataRow) {
      if (offset === 0 && (this.#shape === null || this.#shapeOf !== running)) {
        if (!this.#reshape(running, null)) return;
      }
      if (this.#shape?.kind !== "as-it-comes")
        return this.#break("a row is too large to be masked", "not-maskable");
      if (last) running.rows++;
    }
    running.output(bytes);
    this.#events.toClient(bytes);
  }

  #functionResult(frame: Buffer, value: Buffer | null): void {
    const head = this.#owed[0];
    if (head?.kind !== "function") return this.#unexpected("function-call-response");
    if (head.running.masks.size > 0 && value !== null)
      return this.#break("the result of a function call cannot be masked", "not-maskable");
    head.running.output(frame);
    this.#events.toClient(frame);
  }

  #notice(frame: Buffer, fields: MessageFields): void {
    const head = this.#owed[0];
    if (head?.kind === "own-query" || head?.kind === "own-failure") return;
    this.#events.toClient(this.#withhold ? withheld(fields, "notice") : frame);
  }

  #error(frame: Buffer, fields: MessageFields): void {
    const head = this.#owed[0];
    this.#endResult();
    if (head?.kind === "own-failure") {
      this.#events.toClient(head.bytes);
      if (!head.simple) this.#skipToSync();
      return;
    }
    if (head?.kind === "own-query") {
      this.#ownError ??= fields;
      return;
    }
    const sqlstate = fields.sqlstate ?? "XX000";
    const withhold = this.#withhold;
    if (head && "running" in head && head.running)
      head.running.error = {
        code: "target",
        sqlstate,
        message: withhold ? "withheld" : (fields.message ?? "").slice(0, 2000),
      };
    this.#events.toClient(withhold ? withheld(fields, "error") : frame);
    if (head === undefined || head.kind === "query" || head.kind === "function") return;
    this.#skipToSync();
  }

  /** After an error the target skips what came before the next Sync; what was owed for it never comes. */
  #skipToSync(): void {
    let first = true;
    while (this.#owed.length > 0 && this.#owed[0]?.kind !== "sync") {
      const entry = this.#owed.shift();
      if (entry) this.#events.gone(entry, first);
      if (entry && "running" in entry && entry.running && !entry.running.finished) {
        const answered = entry.running.error !== undefined;
        this.#events.finished(entry.running, first || answered ? "executed" : "skipped");
      }
      first = false;
    }
    if (this.#owed.length === 0) this.#events.skipping();
  }

  #ready(status: TransactionStatus): void {
    const head = this.#owed[0];
    if (status === "I" && this.#withhold)
      this.#withhold = this.#owed
        .slice(1)
        .some((entry) => "running" in entry && entry.running?.withhold === true);
    switch (head?.kind) {
      case "own-query": {
        const error = this.#ownError;
        const row = error ? null : this.#ownRow;
        this.#ownError = null;
        this.#ownRow = null;
        this.#owed.shift();
        head.done({ row, error, status });
        return this.#sayLocal();
      }
      case "own-failure":
        this.#owed.shift();
        this.#events.ready(status);
        return this.#sayLocal();
      case "query":
      case "function":
        this.#owed.shift();
        this.#endResult();
        this.#events.finished(head.running, "executed");
        this.#events.ready(status);
        return this.#sayLocal();
      case "sync":
        this.#owed.shift();
        this.#events.ready(status);
        return this.#sayLocal();
      default:
        return this.#unexpected("ready-for-query");
    }
  }

  passReady(status: TransactionStatus): void {
    this.#events.toClient(toClient.readyForQuery(status));
  }

  #settleIf(kind: "parse" | "bind" | "close", frame: Buffer): void {
    if (this.#owed[0]?.kind !== kind) return this.#unexpected(`${kind}-complete`);
    this.#events.toClient(frame);
    this.#settle();
  }

  #settle(): void {
    this.#owed.shift();
    const next = this.#owed[0];
    if (next?.kind === "end") {
      this.#owed.shift();
      this.#endResult();
      this.#events.finished(next.running, "executed");
    }
    this.#sayLocal();
  }

  #sayLocal(): void {
    while (this.#owed[0]?.kind === "local") {
      const entry = this.#owed.shift();
      if (entry?.kind === "local") this.#events.toClient(entry.bytes());
    }
  }

  #endResult(): void {
    this.#shape = null;
    this.#shapeOf = null;
    this.#fields = null;
  }

  #unexpected(kind: string): void {
    this.#break(`${kind} came when nothing of the kind was owed`, "target-lost");
  }

  #break(problem: string, code: "origin-mismatch" | "not-maskable" | "target-lost"): void {
    this.#broken = true;
    this.#events.broken(problem, code);
  }
}
