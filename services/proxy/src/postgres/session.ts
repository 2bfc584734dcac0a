import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { newCommandId, type CommandId, type LongText } from "@sallyport/contracts";
import {
  Frontend,
  parseFrontend,
  ProtocolError,
  toClient,
  type FramePart,
  type Frames,
  type FrontendMessage,
  type TransactionStatus,
} from "@sallyport/pgwire";
import type { NameContext } from "@sallyport/sql";
import { asSallyError } from "@sallyport/runtime";
import type { Passage } from "../gate.ts";
import { sendOff } from "./listener/send-off.ts";
import { Answers } from "./answers.ts";
import { holdNotice } from "./hold-notice.ts";
import type { Judged } from "./judged.ts";
import { longest, longText, sizeOf } from "./long-text.ts";
import { bytesOf, operationsOf, textOf, type Judgement } from "./operations.ts";
import { readNames } from "./names.ts";
import { oneWriteATurn } from "./one-write-a-turn.ts";
import type { Owed } from "./owed.ts";
import { asTarget, denied, errorFrame, refusal, refusalOf, type Refusal } from "./refusal.ts";
import { Running, unsent } from "./running.ts";
import type { SessionOptions } from "./session-options.ts";
import { Statements, type Portal, type Unit } from "./statements.ts";
import { SqlNames } from "./sql-names.ts";
import { TargetWriter } from "./target-writer.ts";

/** COPY lines are not masked: INVARIANT (I3) what cannot be masked is refused before it runs. */
const copiesMasked = ({ judged, masks }: Running): boolean =>
  masks.size > 0 &&
  judged.copiesOut.some((outputs) =>
    outputs.some(
      (output) => output.kind !== "plain" && output.columns.some((column) => masks.has(column)),
    ),
  );

/** Whether the description of its result can show that a column is another than was judged. */
const tellsOrigins = ({ touches, outputs }: Judged): boolean =>
  touches.size > 0 ||
  outputs.some((columns) =>
    columns?.some((output) => output.kind !== "computed" && output.tableOid !== 0),
  );

type CommandUnit = Extract<Unit, { kind: "command" }>;

/**
 * `free`: the next unit may be taken. `working`: something must come first (analysis, catalog, names, a
 * transaction's end). `judging`, `held`: a command is at the gates. `copy`: whether COPY begins is open.
 */
type Phase = "free" | "working" | "judging" | "held" | "copy" | "ended";

const passedOver: Refusal = {
  code: "skipped",
  said: { sqlstate: "25P02", message: "an earlier command of the pipeline failed" },
};

/** How long the text of a long statement may take to be stored, in milliseconds. */
const textPatience = 5000;
const patience = { limit: "5 s" };

/** A client that is refused faster than that is recorded waits. */
const mostUnrecorded = 64;
const mostPending = 4 * 1024 * 1024;
/** How long the target may still answer for a client that has left, in milliseconds. */
const afterlife = 10_000;
const noticeEvery = 60_000;

/**
 * One client connection: client bytes → units → operations → gates → target, and back. Everything is an
 * input to one loop (`#pump`), a pending verdict too, so that disconnect, cancel and the end are seen while
 * a command waits.
 */
export class PostgresSession {
  readonly #options: SessionOptions;
  readonly #statements = new Statements();
  readonly #answers: Answers;
  readonly #writer: TargetWriter;
  readonly #units: Unit[] = [];
  readonly #suspended = new Map<Portal, Running>();
  readonly #sqlNames = new SqlNames();
  readonly #targetPauses = new Set<string>();
  #phase: Phase = "free";
  #status: TransactionStatus = "I";
  #segments = 0;
  /** After an error in the extended protocol: everything is passed over up to the next Sync. */
  #skipping = false;
  /** A message that uses a name which the target has yet to settle. */
  #stalled: { readonly message: FrontendMessage; readonly bytes: Buffer } | null = null;
  /** The command that is on its way to the target, and those that the target would pass over by now. */
  #inHand: CommandUnit | null = null;
  readonly #passedOver = new WeakSet<CommandUnit>();
  /** Of this command it is open whether, or whether again, it takes COPY data. */
  #copyAwaited: Running | null = null;
  #copyIn: Running | null = null;
  /** Refusals of our own that the record has not acknowledged. */
  #unrecorded = 0;
  /** The output's window is full. */
  #roomless = false;
  /** ReadyForQuery came and is held back until the catalog is new. */
  #readyHeld = false;
  #atGate: { command: CommandId; unit: CommandUnit; judged: Judged } | null = null;
  #hold: { timer: NodeJS.Timeout; release: Parameters<SessionOptions["release"]>[1] } | null = null;
  #names: NameContext | null = null;
  #lastNames: NameContext | null = null;
  #namesOf: object | null = null;
  #namesChanged = false;
  #ddl = false;
  #clientGone = false;
  #lastType = 0;
  #bytes = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#writer = new TargetWriter(options.target.socket);
    this.#answers = new Answers(
      {
        toClient: (bytes) => this.#toClient(bytes),
        finished: (running, outcome) => this.#finished(running, outcome),
        suspended: (running) => {
          if (running.portal) this.#suspended.set(running.portal, running);
          this.#proceed(running);
        },
        copyIn: (running) => {
          if (this.#copyAwaited !== running)
            return this.#end(refusalOf("internal"), "copy unforeseen");
          this.#copyIn = running;
          this.#proceed(running);
        },
        ready: (status) => this.#ready(status),
        made: (one) => this.#statements.made(one),
        gone: (entry, failed) => {
          if (entry.kind === "parse") this.#statements.drop(entry.prepared, failed);
          if (entry.kind === "bind") this.#statements.dropPortal(entry.portal);
          if (entry.kind === "close") this.#statements.notClosed();
        },
        skipping: () => {
          if (this.#inHand) this.#passedOver.add(this.#inHand);
          this.#skipToSync();
        },
        parameter: (name, value) => this.#parameter(name, value),
        broken: (problem, code) => {
          options.catalog.markStale();
          this.#end(refusalOf(code, { problem, connection: options.connection }), code);
        },
      },
      () => this.#view(),
      options.maskingKey,
    );
  }

  /** Takes over both sockets; log-in is over. */
  start(): void {
    const { client, target } = this.#options;
    client
      .on("data", (chunk: Buffer) => {
        this.#options.reader.push(chunk);
        this.#pump();
      })
      .on("drain", () => {
        this.#resumeTarget("client");
        this.#pump();
      })
      .on("error", () => undefined)
      .on("close", () => this.#clientLeft("disconnect"));
    target.socket
      .on("data", (chunk: Buffer) => {
        target.reader.push(chunk);
        this.#takeAnswers();
      })
      .on("drain", () => this.#pump())
      .on("error", (err) => this.#options.log.debug({ err }, "the target's socket failed"))
      .on("close", () =>
        this.#end(
          refusalOf("target-lost", { connection: this.#options.connection }),
          "target-lost",
        ),
      );
    this.#takeAnswers();
    this.#pump();
  }

  /** Nothing leaves for the client while nobody says who is revoked (I7). */
  hush(silent: boolean): void {
    // What it answers to us alone may come: a refusal that fails a transaction is heard even then.
    if (silent && !this.#answers.onlyOwn) this.#pauseTarget("beat");
    else this.#resumeTarget("beat");
  }

  /** Asks whether it may still be connected; it ends when policy says no. */
  recheck(fields: Parameters<SessionOptions["gate"]["submit"]>[1], onDenied: () => void): void {
    if (this.#phase === "ended") return;
    const { gate, record } = this.#options;
    const command = gate.submit(record, fields, (passage) => {
      if (passage.kind === "held" || record.closed) return;
      const closed = passage.kind === "closed";
      if (!closed) passage.clearance.end();
      record.result({
        ...unsent(command, closed ? (`refused-${passage.gate}` as const) : "executed"),
        verdict: passage.verdictHash,
      });
      if (closed && passage.code === "policy-denied") onDenied();
    });
  }

  get idle(): boolean {
    return this.#phase === "free" && this.#answers.idle && this.#status === "I";
  }

  /** The client asked, on another connection, to cancel what runs here. */
  cancel(): void {
    if (!this.#answers.idle) this.#options.cancelTarget();
    else if (this.#atGate) this.#options.gate.cancel(this.#atGate.command);
  }

  /** Ends the session, whatever it does: revoked, killed, drained. */
  end(why: Refusal): void {
    if (!this.#answers.idle) this.#options.cancelTarget();
    this.#end(why, why.code);
  }

  // ── client → units ────────────────────────────────────────────────────────────────────────────

  #pump(): void {
    try {
      while (this.#phase === "free" && !this.#congested) {
        const unit = this.#units.shift() ?? this.#nextUnit();
        if (unit === undefined) break;
        this.#take(unit);
      }
    } catch (cause) {
      this.#failed(cause);
      setImmediate(() => this.#pump());
    }
    const { client, reader } = this.#options;
    if (reader.pending > mostPending) client.pause();
    else if (client.isPaused() && this.#phase !== "ended") client.resume();
  }

  /** A side that takes nothing more, the record included: no more is read until it does. */
  get #congested(): boolean {
    return (
      this.#writer.congested ||
      this.#readyHeld ||
      this.#unrecorded >= mostUnrecorded ||
      (this.#roomless && this.#copyIn !== null) ||
      this.#options.client.writableNeedDrain
    );
  }

  #nextUnit(): Unit | undefined {
    for (;;) {
      if (this.#copyIn) {
        if (this.#congested) return undefined;
        const frames = this.#options.reader.next();
        if (frames === undefined) return undefined;
        this.#copyData(this.#copyIn, frames);
        if (this.#phase !== "free") return undefined;
        continue;
      }
      const next = this.#stalled ?? this.#nextMessage();
      if (next === undefined) return this.#units.shift();
      const { message, bytes } = next;
      this.#stalled = null;
      if (this.#skipping) {
        if (message.kind === "terminate") return { kind: "terminate" };
        if (message.kind !== "sync") continue;
        this.#skipping = false;
      }
      if (this.#statements.unsettled(message)) {
        this.#stalled = next;
        return undefined;
      }
      this.#units.push(...this.#statements.accept(message, bytes));
      const unit = this.#units.shift();
      if (unit) return unit;
    }
  }

  #nextMessage(): { readonly message: FrontendMessage; readonly bytes: Buffer } | undefined {
    for (;;) {
      const frames = this.#options.reader.next();
      if (frames === undefined) return undefined;
      if (frames.kind === "part" && frames.type !== Frontend.CopyData) {
        if (!frames.last || this.#skipping) continue;
        this.#units.push(...this.#statements.tooLarge(frames.type, frames.total));
        return undefined;
      }
      if (frames.kind === "part" || frames.count > 1) continue; // COPY data that nobody reads
      const { type, bytes } = frames;
      this.#lastType = type;
      // What is passed over is not looked at.
      if (this.#skipping && type !== Frontend.Sync && type !== Frontend.Terminate) continue;
      return { message: parseFrontend(bytes), bytes };
    }
  }

  #take(unit: Unit): void {
    switch (unit.kind) {
      case "sync":
        this.#answers.owe({ kind: "sync" });
        return this.#writer.sync();
      case "flush":
        return this.#writer.flush();
      case "close": {
        const { message } = unit.step;
        if (message.kind !== "close") return;
        this.#sqlNames.forget([unit.step]);
        this.#answers.owe({ kind: "close", running: null });
        return this.#writer.close(message.of, message.name);
      }
      case "terminate":
        return this.#clientLeft("terminate");
      case "misnamed":
        return this.#refuse(asTarget(unit.sqlstate, unit.message), false);
      case "too-large": {
        const { size, simple } = unit;
        const limit = this.#options.statementLimit;
        return this.#refuse(refusalOf("statement-too-large", { size, limit }), simple);
      }
      case "command":
        this.#inHand = unit;
        return this.#judge(unit);
    }
  }

  // ── units → operations ────────────────────────────────────────────────────────────────────────

  /** `unreadable`: the catalog could not be read, so that nothing can be proven now. */
  #judge(unit: CommandUnit, unreadable = false): void {
    if (this.#clientGone || this.#isPassedOver(unit)) return;
    if (this.#readyHeld) return this.#wait(unit);
    const size = bytesOf(unit);
    const limit = this.#options.statementLimit;
    if (size > limit) {
      const why = refusalOf("statement-too-large", { size, limit });
      return this.#refuseUnit(unit, why, textOf(unit));
    }
    const running = unit.portal && this.#suspended.get(unit.portal);
    if (running && unit.steps.length === 1) return this.#continue(unit, running);
    const { current, last } = this.#options.catalog;
    // Its reader may wait for locks that this very transaction holds: what ends the transaction needs no catalog.
    const view = current ?? (this.#ddl || unreadable ? last : null);
    if (view === null) return this.#afterCatalog(unit);
    const stale = this.#names === null || this.#namesOf !== view.catalog;
    if (stale && this.#status !== "E") {
      if (this.#atBoundary) return this.#askNames(unit, view.catalog);
      // The transaction's end, or the pipeline's, is owed: then they can be asked.
      if (this.#answers.syncing && !this.#writer.unsynced) return this.#wait(unit);
    }
    this.#sqlNames.forget(unit.steps);
    const judgement = operationsOf(unit, {
      view,
      session: this.#sqlNames.known,
      names: this.#names ?? { searchPath: [] },
      unprovable: this.#ddl
        ? "the transaction has changed the schema"
        : current === null
          ? "the target's catalog cannot be read now"
          : stale
            ? "search_path or role may have changed in this pipeline"
            : null,
      namesMayReturn: this.#namesChanged,
    });
    if (judgement instanceof Promise) {
      this.#phase = "working";
      void judgement.then((one) => this.#resumeWith(() => this.#ask(unit, one)));
      return;
    }
    this.#ask(unit, judgement);
  }

  get #atBoundary(): boolean {
    return this.#answers.idle && !this.#writer.unsynced && !this.#readyHeld;
  }

  /** The target failed meanwhile, and would not look at this one. */
  #isPassedOver(unit: CommandUnit): boolean {
    if (!this.#passedOver.has(unit)) return false;
    this.#statements.forgo(unit.steps);
    this.#inHand = null;
    return true;
  }

  #afterCatalog(unit: CommandUnit): void {
    this.#phase = "working";
    this.#options.catalog.ensure().then(
      () => this.#resumeWith(() => this.#judge(unit)),
      (cause: unknown) =>
        this.#resumeWith(() => {
          if (this.#options.catalog.last) return this.#judge(unit, true);
          this.#refuseUnit(unit, refusal(asSallyError(cause)), textOf(unit));
        }),
    );
  }

  #askNames(unit: CommandUnit, catalog: object): void {
    this.#phase = "working";
    const text = this.#writer.ownRead("read-names");
    this.#options.record.own({ purpose: "read-names", text });
    this.#answers.owe({
      kind: "own-query",
      done: ({ row, error, status }) =>
        this.#resumeWith(() => {
          this.#status = status;
          if (error) {
            // A cancel or a timeout of the client's met it: the command that needed it is what fails.
            const said = asTarget(error.sqlstate ?? "XX000", error.message ?? "");
            return this.#refuseUnit(unit, said, textOf(unit));
          }
          const names = row && readNames(row);
          if (!names) return this.#end(refusalOf("internal"), "names unreadable");
          this.#names = isDeepStrictEqual(names, this.#lastNames) ? this.#lastNames : names;
          this.#lastNames = this.#names;
          this.#namesOf = catalog;
          this.#judge(unit);
        }),
    });
  }

  /** Takes the unit again when nothing is owed any more. */
  #wait(unit: CommandUnit): void {
    this.#phase = "working";
    this.#onBoundary = () => this.#resumeWith(() => this.#judge(unit));
  }
  #onBoundary: (() => void) | null = null;

  #resumeWith(step: () => void): void {
    if (this.#phase === "ended") return;
    this.#phase = "free";
    try {
      step();
    } catch (cause) {
      this.#failed(cause);
    }
    this.#pump();
  }

  // ── operations → gates ────────────────────────────────────────────────────────────────────────

  #ask(unit: CommandUnit, judgement: Judgement): void {
    if (this.#isPassedOver(unit)) return;
    if (judgement.kind === "refused")
      return this.#refuseUnit(unit, judgement.refusal, judgement.text);
    const { judged } = judgement;
    if (sizeOf(judged) <= longest) return this.#submit(unit, judged, newCommandId());
    const command = newCommandId();
    const { text, long, chunks } = longText(this.#options.record.session, command, judged);
    this.#phase = "working";
    const { output } = this.#options;
    for (const chunk of chunks) output.write(chunk);
    // INVARIANT (I1): the record gate of a long statement needs its text's acknowledgements too.
    let waits = true;
    const late = setTimeout(() => {
      waits = false;
      this.#resumeWith(() =>
        this.#refuseUnit(unit, refusalOf("record-unreachable", patience), text),
      );
    }, textPatience);
    output.onStored(() => {
      clearTimeout(late);
      if (waits) this.#resumeWith(() => this.#submit(unit, judged, command, { text, long }));
    });
  }

  #submit(
    unit: CommandUnit,
    judged: Judged,
    id: CommandId,
    cut?: { readonly text: string; readonly long: LongText },
  ): void {
    if (this.#isPassedOver(unit)) return;
    this.#phase = "judging";
    const { gate, record, connection, principal, address } = this.#options;
    const command = gate.submit(
      record,
      {
        kind: judged.kind,
        connection,
        principal,
        address,
        text: judged.text,
        parameters: [...judged.parameters],
        operations: [...judged.operations],
        mayWait: this.#status === "I" && this.#atBoundary,
        ...(cut && { ...cut, parameters: [] }),
      },
      (passage) => this.#passage(unit, judged, command, passage),
      id,
    );
    this.#atGate = { command, unit, judged };
  }

  #passage(unit: CommandUnit, judged: Judged, command: CommandId, passage: Passage): void {
    if (passage.kind === "held") {
      if (this.#phase === "ended") return;
      this.#phase = "held";
      const { hold } = passage.verdict;
      if (!hold) return;
      const say = () => this.#toClient(holdNotice(passage.verdict, Date.now()));
      say();
      this.#hold = { timer: setInterval(say, noticeEvery), release: hold };
      return;
    }
    const held = this.#hold;
    if (held) clearInterval(held.timer);
    this.#hold = null;
    this.#atGate = null;
    const over = this.#phase === "ended";
    if (passage.kind === "closed") {
      if (held && passage.code !== "hold-denied" && passage.code !== "policy-denied")
        this.#options.release(
          command,
          held.release,
          over ? "disconnected" : passage.code === "cancelled" ? "cancelled" : "timeout",
        );
      const why = this.#closedBecause(passage);
      this.#options.record.result({
        ...unsent(command, passage.gate === "record" ? "refused-record" : "refused-policy"),
        verdict: passage.verdictHash,
        error: { code: passage.code, sqlstate: why.said.sqlstate, message: why.said.message },
      });
      if (over) return this.#closeRecord();
      if (this.#clientGone) return;
      return this.#resumeWith(() => {
        if (!this.#isPassedOver(unit)) this.#refuseHere(unit, why);
      });
    }
    const running = new Running({
      command,
      judged,
      portal: unit.portal ?? null,
      clearance: passage.clearance,
      verdictHash: passage.verdictHash,
      withhold: this.#mustWithhold(judged, passage.clearance.verdict.masks),
      keep: this.#options.keep,
      sink: {
        keep: (id, kind, part, bytes) => {
          const { record, output } = this.#options;
          const { length } = bytes;
          const about = { session: record.session, command: id, kind, part, bytes: length };
          const header = { v: 1, type: "output", ...about } as const;
          if (!output.write({ header, body: bytes })) this.#awaitRoom();
        },
      },
    });
    if (over || this.#clientGone) {
      this.#notSent(running, refusalOf("session-ended", { reason: "the client left" }));
      if (over) this.#closeRecord();
      return;
    }
    if (copiesMasked(running)) {
      const why = refusalOf("not-maskable", { problem: "it copies a masked column out" });
      this.#notSent(running, why);
      return this.#resumeWith(() => {
        if (!this.#isPassedOver(unit)) this.#refuseHere(unit, why);
      });
    }
    this.#resumeWith(() => {
      if (this.#isPassedOver(unit)) return this.#notSent(running, passedOver);
      this.#forward(unit, running);
    });
  }

  #closedBecause(passage: Extract<Passage, { kind: "closed" }>): Refusal {
    if (passage.code === "policy-denied" && passage.verdict) return denied(passage.verdict);
    const conditions = passage.verdict?.holds.map(
      ({ policy, group, quorum, reason }) =>
        `${policy} asks ${quorum} of ${group}${reason === undefined ? "" : `: ${reason}`}`,
    );
    const reasons = passage.verdict?.reasons.map(({ policy, reason }) =>
      reason === undefined ? policy : `${policy}: ${reason}`,
    );
    return refusalOf(
      passage.code,
      { hold: passage.verdict?.hold?.id ?? "", limit: "time" },
      [...(conditions ?? []), ...(reasons ?? [])].join("\n") || undefined,
    );
  }

  /** INVARIANT (I3): unless every classified column that is touched may be seen as it is, texts are withheld. */
  #mustWithhold(judged: Judged, masks: readonly { column: string }[]): boolean {
    if (masks.length > 0) return true;
    if (judged.touches.size === 0) return false;
    // Of an opaque command policy has asked every column, and masked none.
    if (judged.operations.some(({ action }) => action === "opaque")) return false;
    const shown = new Set(
      judged.operations
        .filter(({ action, use }) => action === "read" && use === "output")
        .map(({ resource }) => resource.id.slice(this.#options.connection.length + 1)),
    );
    return [...judged.touches].some((column) => !shown.has(column));
  }

  // ── gates → target ────────────────────────────────────────────────────────────────────────────

  #forward(unit: CommandUnit, running: Running): void {
    const { judged } = running;
    this.#inHand = null;
    const { frames, owed } = this.#script(unit, running);
    running.sent = Date.now();
    this.#answers.owe(...owed);
    this.#writer.forward(running.clearance, frames, judged.kind === "simple");
    const { effects } = judged;
    if (effects.ddl) this.#ddl = true;
    if (effects.names) {
      this.#names = null;
      this.#namesChanged = true;
    }
    if (effects.renames) this.#statements.doubt();
    for (const changes of effects.naming) this.#statements.renamed(changes);
    const renames = effects.naming.flat().some(({ kind }) => kind !== "doubt");
    if (effects.renames || renames) this.#endSuspended();
    this.#sqlNames.sent(running);
    if (effects.transaction && this.#namesChanged) this.#names = null;
    if (effects.copyIn) {
      if (judged.kind !== "simple") this.#writer.flush();
      this.#copyAwaited = running;
      this.#phase = "copy";
    }
  }

  /** What goes to the target for a unit, and what it will owe for that. */
  #script(unit: CommandUnit, running: Running): { frames: Buffer[]; owed: Owed[] } {
    const frames: Buffer[] = [];
    const owed: Owed[] = [];
    const { judged } = running;
    const described = unit.steps.some(
      ({ message }) => message.kind === "describe" && message.of === "portal",
    );
    for (const { message, frame, prepared, portal } of unit.steps) {
      switch (message.kind) {
        case "query":
          owed.push({ kind: "query", running });
          break;
        case "function-call":
          owed.push({ kind: "function", running });
          break;
        case "parse":
          if (prepared) owed.push({ kind: "parse", running, prepared });
          break;
        case "bind":
          if (portal) owed.push({ kind: "bind", running, portal });
          break;
        case "describe":
          owed.push({
            kind: "describe",
            running,
            of: message.of,
            own: false,
            ...(prepared && { prepared }),
          });
          break;
        case "close":
          owed.push({ kind: "close", running });
          break;
        case "execute":
          // The check of design §6: what comes back must be what was judged.
          if (!described && (running.masks.size > 0 || tellsOrigins(judged))) {
            frames.push(TargetWriter.describePortal(message.portal));
            owed.push({ kind: "describe", running, of: "portal", own: true });
          }
          owed.push({ kind: "execute", running });
          break;
        case "copy-data":
        case "copy-done":
        case "copy-fail":
        case "sync":
        case "flush":
        case "terminate":
          break;
      }
      frames.push(frame);
    }
    if (judged.kind === "execute" || judged.kind === "prepare") owed.push({ kind: "end", running });
    return { frames, owed };
  }

  /** More rows of a suspended portal: they ride on its first verdict. */
  #continue(unit: CommandUnit, running: Running): void {
    const frame = unit.steps[0]?.frame;
    if (!frame || !unit.portal) return;
    this.#suspended.delete(unit.portal);
    this.#answers.owe({ kind: "execute", running }, { kind: "end", running });
    this.#writer.more(running.clearance, frame);
  }

  #copyData(running: Running, frames: Frames | FramePart): void {
    if (frames.type === Frontend.CopyData) {
      running.input(frames.bytes);
      return this.#writer.more(running.clearance, frames.bytes);
    }
    const kind = frames.kind === "part" ? "part" : parseFrontend(frames.bytes).kind;
    switch (kind) {
      case "copy-fail":
        this.#writer.more(running.clearance, frames.bytes);
        return this.#copyEnds(running);
      case "copy-done":
        this.#copyIn = null;
        this.#phase = "working";
        // Its data is stored first: what COPY commits must be in the record.
        this.#options.output.onStored(() =>
          this.#resumeWith(() => {
            if (running.finished) return;
            this.#writer.more(running.clearance, frames.bytes);
            this.#copyEnds(running);
          }),
        );
        return;
      case "terminate":
        return this.#clientLeft("terminate");
      case "flush":
      case "sync":
        return; // ignored during COPY (PostgreSQL 18, 54.2.6)
      default:
        throw new ProtocolError("message-type", "a message that COPY does not allow");
    }
  }

  /** A query string may hold another COPY; an Execute's end is told after a Sync only. */
  #copyEnds(running: Running): void {
    this.#copyIn = null;
    if (running.judged.kind === "simple") this.#phase = "copy";
    else this.#copyAwaited = null;
  }

  // ── refusals ──────────────────────────────────────────────────────────────────────────────────

  /** Refused by the proxy itself, before the gates: recorded as such. */
  #refuseUnit(unit: CommandUnit, why: Refusal, text = ""): void {
    const refused = {
      command: newCommandId(),
      text: text.slice(0, 64 * 1024),
      textHash: createHash("sha256").update(text).digest("hex"),
      code: why.code,
      message: why.said.message,
    };
    this.#unrecorded += 1;
    this.#options.record.refused(refused, () => {
      this.#unrecorded -= 1;
      if (this.#unrecorded === mostUnrecorded - 1) this.#pump();
    });
    this.#refuseHere(unit, why);
  }

  #refuseHere(unit: CommandUnit, why: Refusal): void {
    this.#statements.forgo(unit.steps);
    this.#inHand = null;
    this.#refuse(why, unit.commandKind === "simple" || unit.commandKind === "function-call");
  }

  /** INVARIANT (I8): the client gets an error, and the target's transaction fails as if it had said so. */
  #refuse(why: Refusal, simple: boolean): void {
    const bytes = errorFrame(why);
    const fail = this.#status === "T" || !this.#atBoundary;
    if (!simple) this.#skipToSync();
    if (!fail) {
      this.#answers.owe({
        kind: "local",
        bytes: () =>
          simple ? Buffer.concat([bytes, toClient.readyForQuery(this.#status)]) : bytes,
      });
      if (simple) this.#segments += 1;
      return;
    }
    const purpose = "fail-transaction";
    const text = simple ? this.#writer.ownQuery(purpose) : this.#writer.ownParse(purpose);
    this.#options.record.own({ purpose, text });
    this.#answers.owe({ kind: "own-failure", simple, bytes });
    if (this.#answers.onlyOwn) this.#resumeTarget("beat");
  }

  /** As a server does after an error in the extended protocol; a Sync that was read already ends it. */
  #skipToSync(): void {
    const sync = this.#units.findIndex(({ kind }) => kind === "sync" || kind === "terminate");
    for (const unit of this.#units.splice(0, sync === -1 ? this.#units.length : sync))
      if (unit.kind === "command") this.#statements.forgo(unit.steps);
      else if (unit.kind === "close") this.#statements.notClosed();
    this.#skipping = sync === -1;
    this.#statements.abandon();
  }

  #failed(cause: unknown): void {
    if (cause instanceof ProtocolError) {
      const why = asTarget(cause.sqlstate, cause.message);
      if (cause.fatal) return this.#end(why, cause.code);
      return this.#refuse(
        why,
        this.#lastType === Frontend.Query || this.#lastType === Frontend.FunctionCall,
      );
    }
    this.#options.log.error({ err: cause }, "a session failed");
    this.#end(refusalOf("internal"), "internal");
  }

  // ── target → client ───────────────────────────────────────────────────────────────────────────

  #takeAnswers(): void {
    const { reader } = this.#options.target;
    try {
      while (this.#targetPauses.size === 0 && this.#phase !== "ended") {
        const frames = reader.next();
        if (frames === undefined) break;
        this.#answers.take(frames);
      }
    } catch (cause) {
      this.#options.log.warn({ err: cause }, "the target breaks the protocol");
      this.#end(refusalOf("target-lost", { connection: this.#options.connection }), "target-lost");
    }
    if (this.#stalled) this.#pump();
  }

  #ready(status: TransactionStatus): void {
    this.#status = status;
    this.#segments += 1;
    this.#copyIn = null;
    if (status === "I") {
      this.#statements.transactionEnded(this.#segments);
      this.#endSuspended();
    }
    if (status === "I" && this.#ddl) {
      this.#ddl = false;
      return this.#afterDdl();
    }
    if (status === "I") this.#transactionEnded();
    this.#passReady(status);
  }

  #endSuspended(): void {
    for (const running of this.#suspended.values()) this.#finished(running, "executed");
    this.#suspended.clear();
  }

  /** What SET said in a transaction may be gone with it. */
  #transactionEnded(): void {
    if (this.#namesChanged) this.#names = null;
    this.#namesChanged = false;
  }

  /** The client hears of the end of its DDL when no worker reads the old catalog any more. */
  #afterDdl(): void {
    const { catalog, tellDdl, log } = this.#options;
    catalog.markStale();
    this.#names = null;
    this.#readyHeld = true;
    this.#pauseTarget("ddl");
    void Promise.allSettled([tellDdl(), catalog.ensure()]).then((results) => {
      for (const result of results)
        if (result.status === "rejected") log.warn({ err: result.reason }, "the catalog is stale");
      if (this.#phase === "ended") return;
      this.#readyHeld = false;
      this.#transactionEnded();
      this.#passReady("I");
      this.#resumeTarget("ddl");
    });
  }

  #passReady(status: TransactionStatus): void {
    if (this.#leaving !== null && this.#answers.unfinished().length === 0)
      return this.#end(null, this.#leaving);
    this.#answers.passReady(status);
    if (this.#answers.idle && this.#onBoundary) {
      const next = this.#onBoundary;
      this.#onBoundary = null;
      next();
    } else this.#pump();
  }

  #proceed(running: Running): void {
    if (this.#copyAwaited !== running) return;
    if (this.#copyIn !== running) this.#copyAwaited = null;
    if (this.#phase !== "copy") return;
    this.#phase = "free";
    setImmediate(() => this.#pump());
  }

  #finished(running: Running, outcome: "executed" | "skipped"): void {
    if (running.finished) return;
    this.#sqlNames.done(running);
    if (this.#copyIn === running) this.#copyIn = null;
    this.#options.record.result({ ...running.result(outcome), ended: Date.now() });
    if (running.portal) this.#suspended.delete(running.portal);
    const { hold } = running.clearance.verdict;
    if (outcome === "skipped" && hold) this.#options.release(running.command, hold, "not-sent");
    this.#proceed(running);
  }

  #notSent(running: Running, why: Refusal): void {
    running.error = { code: why.code, sqlstate: why.said.sqlstate, message: why.said.message };
    this.#options.record.result({ ...running.result("not-sent"), ended: Date.now() });
    const { hold } = running.clearance.verdict;
    if (hold) this.#options.release(running.command, hold, "not-sent");
  }

  #parameter(name: string, value: string): void {
    const fixed = { standard_conforming_strings: "on", client_encoding: "UTF8" } as const;
    const must = name in fixed ? fixed[name as keyof typeof fixed] : null;
    // INVARIANT (I3): text is read as the target reads it, or not at all.
    if (must !== null && value !== must) this.#end(refusalOf("setting-forbidden", { name }), name);
  }

  // ── flow ──────────────────────────────────────────────────────────────────────────────────────

  #toClient(bytes: Buffer): void {
    if (this.#phase === "ended" || this.#clientGone) return;
    this.#bytes += bytes.length;
    if (!oneWriteATurn(this.#options.client).write(bytes)) this.#pauseTarget("client");
  }

  #awaitRoom(): void {
    if (this.#roomless) return;
    this.#roomless = true;
    this.#pauseTarget("record");
    this.#options.output.onRoom(() => {
      this.#roomless = false;
      this.#resumeTarget("record");
      this.#pump();
    });
  }

  #pauseTarget(why: string): void {
    this.#targetPauses.add(why);
    this.#options.target.socket.pause();
  }

  #resumeTarget(why: string): void {
    if (!this.#targetPauses.delete(why) || this.#targetPauses.size > 0) return;
    if (this.#phase === "ended") return;
    this.#takeAnswers();
    if (this.#targetPauses.size === 0) this.#options.target.socket.resume();
  }

  #view() {
    const view = this.#options.catalog.last;
    if (!view) throw new Error("no catalog was read");
    return view;
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /** A client that leaves while the target works: its commands' ends are still recorded. */
  #clientLeft(reason: string): void {
    if (this.#phase === "ended" || this.#clientGone) return;
    this.#clientGone = true;
    this.#resumeTarget("client");
    if (this.#copyIn) {
      this.#writer.copyFail("the client disconnected");
      this.#copyIn = null;
    }
    if (this.#atGate) this.#options.gate.cancel(this.#atGate.command);
    if (this.#answers.unfinished().length === 0) return this.#end(null, reason);
    this.#phase = "working";
    this.#leaving = reason;
    // Nobody reads it: what needs no Sync from the client is asked for, so that its end is known.
    if (this.#writer.unsynced) {
      this.#answers.owe({ kind: "sync" });
      this.#writer.sync();
    }
    setTimeout(() => this.#end(null, reason), afterlife).unref();
  }
  #leaving: string | null = null;

  #end(why: Refusal | null, reason: string): void {
    if (this.#phase === "ended") return;
    const { client, gate } = this.#options;
    const last = why && !this.#clientGone ? errorFrame(why, "FATAL") : undefined;
    this.#bytes += last?.length ?? 0;
    client.removeAllListeners("data");
    sendOff(client, last);
    this.#phase = "ended";
    this.#reason = reason;
    for (const running of new Set([...this.#answers.unfinished(), ...this.#suspended.values()])) {
      running.error ??= { code: reason, message: why?.said.message ?? "the session ended" };
      this.#options.record.result({
        ...running.result(this.#suspended.has(running.portal as Portal) ? "executed" : "unknown"),
        ended: Date.now(),
      });
    }
    this.#writer.terminate();
    setTimeout(() => this.#options.target.socket.destroy(), 2000).unref();
    // A command at the gates is answered by the gate, cancelled or not: its result comes before the close.
    if (this.#atGate) gate.cancel(this.#atGate.command);
    else this.#closeRecord();
  }
  #reason = "";

  #closeRecord(): void {
    this.#options.record.close({ reason: this.#reason, bytes: this.#bytes });
    this.#options.onEnd();
  }
}
