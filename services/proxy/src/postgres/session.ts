import { ProtocolError } from "@sallyport/pgwire";
import type { Quiet } from "../live-sessions.ts";
import { asTarget, refusalOf, type Refusal } from "./refusal.ts";
import { unsent } from "./running.ts";
import type { SessionOptions } from "./session-options.ts";
import { sessionParts, type SessionParts } from "./session-parts.ts";
import type { Unit } from "./statements.ts";

/** Bytes of the client that wait to be read, at most. */
const mostPending = 4 * 1024 * 1024;

/**
 * One client connection: client bytes → units → operations → gates → target, and back. Everything is an
 * input to one loop (`#pump`), a pending verdict too, so that disconnect, cancel and the end are seen while
 * a command waits.
 */
export class PostgresSession {
  readonly #options: SessionOptions;
  readonly #parts: SessionParts;
  /** When bytes last came, from either side, or COPY's went on to the target. */
  #moved = performance.now();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#parts = sessionParts(options, {
      pump: () => this.#pump(),
      takeAnswers: () => this.#takeAnswers(),
      failed: (cause) => this.#failed(cause),
    });
  }

  /** Takes over both sockets; log-in is over. */
  start(): void {
    const { client, target, reader, log } = this.#options;
    client
      .on("data", (chunk: Buffer) => {
        this.#moved = performance.now();
        reader.push(chunk);
        this.#pump();
      })
      .on("drain", () => {
        this.#parts.flow.resume("client");
        this.#pump();
      })
      .on("error", () => undefined)
      .on("close", () => this.#parts.ending.clientLeft("disconnect"));
    target.socket
      .on("drain", () => this.#pump())
      .on("error", (err) => log.debug({ err }, "the target's socket failed"))
      .on("close", () => this.#targetLost());
    this.#takeAnswers();
    target.listen(() => {
      this.#moved = performance.now();
      this.#takeAnswers();
    });
    this.#pump();
  }

  /** Nothing leaves for the client while nobody says who is revoked (I7). */
  hush(silent: boolean): void {
    // What it answers to us alone may come: a refusal that fails a transaction is heard even then.
    if (silent && !this.#parts.answers.onlyOwn) this.#parts.flow.pause("beat");
    else {
      this.#parts.flow.resume("beat");
      this.#parts.hearing.goOn();
      this.#parts.copy.goOn();
    }
  }

  /** Asks whether it may still be connected; it ends when policy says no. */
  recheck(fields: Parameters<SessionOptions["gate"]["submit"]>[1], onDenied: () => void): void {
    if (this.#parts.turn.ended) return;
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

  get quiet(): Quiet {
    const since = this.#moved;
    // Its transaction is open, and what it waits for is the client.
    if (this.#parts.copy.begun && !this.#congested) return { state: "in-transaction", since };
    if (!this.#waits) return { state: "busy", since };
    return { state: this.#parts.turn.status === "I" ? "idle" : "in-transaction", since };
  }

  get idle(): boolean {
    return this.#waits && this.#parts.turn.status === "I";
  }

  /** Nothing is asked or owed. */
  get #waits(): boolean {
    const { turn, answers, units } = this.#parts;
    return turn.phase === "free" && answers.idle && units.waiting.length === 0;
  }

  /** The client asked, on another connection, to cancel what runs here. */
  async cancel(): Promise<void> {
    const { turn, answers } = this.#parts;
    const { gate, cancelTarget } = this.#options;
    if (answers.unfinished().length > 0) return await cancelTarget();
    if (turn.atGate) gate.cancel(turn.atGate);
    else if (turn.inHand && !turn.clientGone) {
      // What runs at the target, if anything, is an own statement that the command needs.
      const told = answers.idle ? null : cancelTarget();
      turn.cancel(told);
      await told;
    }
  }

  /** Ends the session, whatever it does: revoked, killed, drained. */
  end(why: Refusal): void {
    if (!this.#parts.answers.idle) void this.#options.cancelTarget();
    this.#parts.ending.end(why, why.code);
  }

  // ── client → units ────────────────────────────────────────────────────────────────────────────

  #pump(): void {
    try {
      while (!this.#congested) {
        if (this.#parts.turn.phase === "free") {
          const unit = this.#parts.ahead.shift() ?? this.#nextUnit();
          if (unit === undefined) break;
          this.#take(unit);
        } else if (!this.#parts.ahead.follow()) break;
      }
    } catch (cause) {
      this.#failed(cause);
      setImmediate(() => this.#pump());
    }
    const { client, reader } = this.#options;
    if (reader.pending > mostPending) client.pause();
    else if (client.isPaused() && !this.#parts.turn.ended) client.resume();
  }

  /** A side that takes nothing more, the record included: no more is read until it does. */
  get #congested(): boolean {
    return (
      this.#parts.writer.congested ||
      this.#parts.turn.readyHeld ||
      this.#parts.refusing.congested ||
      this.#parts.answers.crowded ||
      (this.#parts.flow.roomless && this.#parts.copy.begun) ||
      this.#parts.copy.deaf ||
      this.#options.client.writableNeedDrain
    );
  }

  #nextUnit(): Unit | undefined {
    while (this.#parts.copy.begun) {
      if (this.#congested) return undefined;
      const frames = this.#parts.units.frames();
      if (frames === undefined) return undefined;
      this.#moved = performance.now();
      const unit = this.#parts.copy.take(frames);
      if (unit || this.#parts.turn.phase !== "free") return unit;
    }
    return this.#parts.units.read();
  }

  #take(unit: Unit): void {
    switch (unit.kind) {
      case "sync":
        return this.#sync();
      case "flush":
        return this.#parts.writer.flush();
      case "close": {
        const { message } = unit.step;
        if (message.kind !== "close") return;
        this.#parts.answers.owe({ kind: "close", running: null });
        return this.#parts.writer.close(message.of, message.name);
      }
      case "terminate":
        return this.#parts.ending.clientLeft("terminate");
      case "misnamed":
        return this.#parts.refusing.unread(asTarget(unit.sqlstate, unit.message), false);
      case "too-large": {
        const { size, simple } = unit;
        const limit = this.#options.statementLimit;
        return this.#parts.refusing.unread(
          refusalOf("statement-too-large", { size, limit }),
          simple,
        );
      }
      case "command":
        if (this.#parts.ahead.take(unit)) return;
        return this.#parts.understanding.take(unit);
    }
  }

  /** INVARIANT (I7): what it would commit waits, as COPY's end does; whoever is revoked meanwhile has it undone. */
  #sync(): void {
    const { answers, writer, hearing, turn } = this.#parts;
    answers.owe({ kind: "sync" });
    if (!writer.commits || !hearing.deaf) return writer.sync();
    turn.phase = "working";
    hearing.whenHeard(() => turn.resumeWith(() => writer.sync()));
  }

  #failed(cause: unknown): void {
    if (cause instanceof ProtocolError) {
      const why = asTarget(cause.sqlstate, cause.message);
      if (cause.fatal) return this.#parts.ending.end(why, cause.code);
      return this.#parts.refusing.unread(why, this.#parts.units.lastWasSimple);
    }
    this.#options.log.error({ err: cause }, "a session failed");
    this.#parts.ending.end(refusalOf("internal"), "internal");
  }

  // ── target → client ───────────────────────────────────────────────────────────────────────────

  #takeAnswers(): void {
    const { reader } = this.#options.target;
    const { crowded } = this.#parts.answers;
    try {
      while (!this.#parts.flow.paused && !this.#parts.turn.ended) {
        const frames = reader.next();
        if (frames === undefined) break;
        this.#parts.answers.take(frames);
      }
      this.#parts.answers.taken();
    } catch (cause) {
      this.#options.log.warn({ err: cause }, "the target breaks the protocol");
      this.#targetLost();
    }
    if (this.#parts.units.stalled || (crowded && !this.#parts.answers.crowded)) this.#pump();
  }

  #targetLost(): void {
    const { connection } = this.#options;
    const why = this.#parts.answers.parted ? null : refusalOf("target-lost", { connection });
    this.#parts.ending.end(why, "target-lost");
  }
}
