import { newCommandId, type CommandId, type LongText } from "@sallyport/contracts";
import type { Held, Passage } from "../gate.ts";
import type { Answers } from "./answers.ts";
import { detectingFor } from "./detecting.ts";
import type { CatalogView } from "./catalog-view.ts";
import type { Ending } from "./ending.ts";
import { unmaskableCopy } from "./copy-out.ts";
import type { Flow } from "./flow.ts";
import { holdNotice } from "./hold-notice.ts";
import type { Judged } from "./judged.ts";
import { isLong, longText } from "./long-text.ts";
import { PlainPasses } from "./plain-passes.ts";
import { passedOver, refusalAtGate, refusalOf, type Refusal } from "./refusal.ts";
import type { Refusing } from "./refusing.ts";
import { Running, unsent, type OutputSink } from "./running.ts";
import type { SessionOptions } from "./session-options.ts";
import type { CommandUnit } from "./statements.ts";
import type { Turn } from "./turn.ts";
import type { UnderWay } from "./under-way.ts";
import { mustWithhold } from "./withholding.ts";

/** How long the text of a long statement may take to be stored, in milliseconds. */
const textPatience = 5000;
const patience = { limit: "5 s" };
const noticeEvery = 60_000;

/** Recorded, and never said: the command is read anew. */
const readAnew: Refusal = {
  code: "read-anew",
  said: { sqlstate: "40001", message: "the target's catalog changed while it was held" },
};

export interface AtGatesParts {
  readonly options: SessionOptions;
  readonly turn: Turn;
  readonly answers: Answers;
  readonly flow: Flow;
  readonly refusing: Refusing;
  readonly underWay: UnderWay;
  readonly ending: Ending;
  /** Takes a unit as if it came now: reads it anew, under the catalog of now. */
  readonly retake: (unit: CommandUnit) => void;
}

/** The command in hand at the gates, and what becomes of it there: forwarded, refused, or held. Others are asked about ahead. */
export class AtGates {
  readonly #parts: AtGatesParts;
  readonly #sink: OutputSink;
  readonly #plain = new PlainPasses();
  /** Goes on when an answer of the gates has come. */
  readonly #resume = (step: () => void): void => this.#parts.turn.resumeWith(step);
  /** Goes on within the loop. */
  readonly #goOn = (step: () => void): void => {
    this.#parts.turn.phase = "free";
    step();
  };
  /** What the command in hand asks there. */
  #judged: Judged | null = null;
  #hold: { timer: NodeJS.Timeout; release: Parameters<SessionOptions["release"]>[1] } | null = null;
  /** Under what the command at the gates was read; null: under what the session alone sees, or an old one. */
  #readUnder: CatalogView | null = null;

  constructor(parts: AtGatesParts) {
    this.#parts = parts;
    const { record, output } = parts.options;
    this.#sink = {
      keep(command, kind, part, body, onRead) {
        const about = { session: record.session, command, kind, part, bytes: body.length };
        const header = { v: 1, type: "output", ...about } as const;
        if (!output.write({ header, body }, onRead)) parts.flow.awaitRoom();
      },
      lengthen(command, part, bytes) {
        if (!output.lengthen(command, "rows", part, bytes)) return false;
        if (!output.hasRoom(1)) parts.flow.awaitRoom();
        return true;
      },
    };
  }

  ask(unit: CommandUnit, judged: Judged): void {
    const command = newCommandId();
    this.#readUnder = this.#parts.options.catalog.current;
    if (!isLong(judged)) return this.#submit(unit, judged, command);
    const { turn, refusing, options } = this.#parts;
    const { text, long, chunks } = longText(options.record.session, command, judged);
    const refuse = (why: Refusal) => () => refusing.unjudged(unit, why, text);
    const goOn = turn.waitFor(refuse(refusalOf("cancelled")));
    const { output } = options;
    for (const chunk of chunks) output.write(chunk);
    // INVARIANT (I1): the record gate of a long statement needs its text's acknowledgements too.
    const late = setTimeout(
      () => goOn(refuse(refusalOf("record-unreachable", patience))),
      textPatience,
    );
    output.onStored(() => {
      clearTimeout(late);
      goOn(() => this.#submit(unit, judged, command, { text, long }));
    });
  }

  #submit(
    unit: CommandUnit,
    judged: Judged,
    command: CommandId,
    cut?: { readonly text: string; readonly long: LongText },
  ): void {
    const { turn, refusing } = this.#parts;
    if (refusing.forgoes(unit)) return;
    const mayWait = turn.status === "I" && turn.atBoundary && !judged.unresolved;
    const tell = (passage: Passage) => this.#passage(unit, judged, command, passage, this.#resume);
    this.#takeInHand(judged, command);
    this.#publish(judged, command, mayWait, tell, cut);
  }

  #publish(
    judged: Judged,
    command: CommandId,
    mayWait: boolean,
    tell: (passage: Passage) => void,
    cut?: { readonly text: string; readonly long: LongText },
  ): void {
    const { gate, record, connection, principal, address } = this.#parts.options;
    gate.submit(
      record,
      {
        kind: judged.kind,
        connection,
        principal,
        address,
        text: judged.text,
        parameters: cut ? [] : judged.parameters,
        operations: judged.operations,
        mayWait,
        ...cut,
      },
      tell,
      command,
      cut ? undefined : judged.written,
    );
  }

  #takeInHand(judged: Judged, command: CommandId): void {
    const { turn } = this.#parts;
    turn.phase = "judging";
    turn.atGate = command;
    this.#judged = judged;
  }

  /** The command in hand, while it is at the gates and its like passed before. */
  get passing(): Judged | null {
    const { turn, options } = this.#parts;
    if (turn.phase !== "judging" || this.#judged === null) return null;
    return this.#plain.has(this.#judged, options.gate.revision) ? this.#judged : null;
  }

  /**
   * Asks about a command whose turn has not come. It may not wait for people. False, and nothing is asked, where it is
   * not known that it passes.
   */
  askAhead(judged: Judged, command: CommandId, tell: (passage: Passage) => void): boolean {
    if (isLong(judged)) return false;
    if (!this.#plain.has(judged, this.#parts.options.gate.revision)) return false;
    this.#publish(judged, command, false, tell);
    return true;
  }

  /**
   * The turn of a command that was asked about before has come, and its passage, or not yet. Gives what takes the passage
   * that is still to come.
   */
  turnOf(
    unit: CommandUnit,
    judged: Judged,
    command: CommandId,
    passage: Passage | null,
  ): (passage: Passage) => void {
    const { turn } = this.#parts;
    turn.inHand = unit;
    this.#readUnder = this.#parts.options.catalog.current;
    this.#takeInHand(judged, command);
    if (passage !== null) this.#passage(unit, judged, command, passage, this.#goOn);
    return (later) => this.#passage(unit, judged, command, later, this.#resume);
  }

  #passage(
    unit: CommandUnit,
    judged: Judged,
    command: CommandId,
    passage: Passage,
    goOn: (step: () => void) => void,
  ): void {
    switch (passage.kind) {
      case "held":
        return this.#held(passage);
      case "closed":
        this.#plain.judged(judged, null);
        return this.#closed(unit, judged, command, passage, goOn);
      case "open":
        this.#plain.judged(judged, passage.clearance.verdict);
        return this.#open(unit, judged, command, passage, goOn);
    }
  }

  /** The client is told what it waits for, again and again, and at once when that is another hold. */
  #held(held: Held): void {
    const { turn, answers } = this.#parts;
    if (turn.ended) return;
    turn.phase = "held";
    const { hold } = held.verdict;
    if (!hold) return;
    if (this.#hold) clearInterval(this.#hold.timer);
    const say = () => answers.notify(holdNotice(held, Date.now()));
    say();
    this.#hold = { timer: setInterval(say, noticeEvery), release: hold };
  }

  #endWait() {
    const held = this.#hold;
    if (held) clearInterval(held.timer);
    this.#hold = null;
    this.#parts.turn.atGate = null;
    this.#judged = null;
    return held;
  }

  #closed(
    unit: CommandUnit,
    judged: Judged,
    command: CommandId,
    passage: Extract<Passage, { kind: "closed" }>,
    goOn: (step: () => void) => void,
  ): void {
    const { turn, options, refusing, ending } = this.#parts;
    const held = this.#endWait();
    const over = turn.ended;
    if (held && passage.code !== "hold-denied" && passage.code !== "policy-denied")
      options.release(
        command,
        held.release,
        over ? "disconnected" : passage.code === "cancelled" ? "cancelled" : "timeout",
      );
    const hold = passage.verdict?.hold;
    // Nobody is to approve what its own client hears is wrong.
    if (judged.unresolved && hold && !held) options.release(command, hold, "cancelled");
    const judgedSo = passage.gate === "policy" && passage.verdict !== null;
    const why = (judgedSo && judged.unresolved) || refusalAtGate(passage);
    options.record.result({
      ...unsent(command, passage.gate === "record" ? "refused-record" : "refused-policy"),
      verdict: passage.verdictHash,
      error: { code: why.code, sqlstate: why.said.sqlstate, message: why.said.message },
    });
    if (over) return ending.closeRecord();
    if (turn.clientGone) return;
    goOn(() => {
      if (!refusing.forgoes(unit)) refusing.unit(unit, why);
    });
  }

  #open(
    unit: CommandUnit,
    judged: Judged,
    command: CommandId,
    { clearance, verdictHash }: Extract<Passage, { kind: "open" }>,
    goOn: (step: () => void) => void,
  ): void {
    const { turn, options, refusing, underWay, ending } = this.#parts;
    const held = this.#endWait();
    const running = new Running({
      command,
      judged,
      portal: unit.portal ?? null,
      clearance,
      verdictHash,
      withhold: mustWithhold(judged, clearance.verdict.masks, options.connection),
      detecting: detectingFor(options.detect),
      keep: options.keep,
      sink: this.#sink,
    });
    const over = turn.ended;
    if (over || turn.clientGone) {
      underWay.notSent(running, refusalOf("session-ended", { reason: "the client left" }));
      if (over) ending.closeRecord();
      return;
    }
    // INVARIANT (I3): what cannot be masked is refused before it runs.
    const problem = unmaskableCopy(running);
    if (problem !== null) {
      const why = judged.unresolved ?? refusalOf("not-maskable", { problem });
      underWay.notSent(running, why);
      return goOn(() => {
        if (!refusing.forgoes(unit)) refusing.unit(unit, why);
      });
    }
    goOn(() => {
      if (refusing.forgoes(unit)) return underWay.notSent(running, passedOver);
      // INVARIANT (I3, I4): people take their time, and a text may mean something else by then.
      if (held && (!this.#readUnder || this.#readUnder !== options.catalog.current)) {
        underWay.notSent(running, readAnew);
        return this.#parts.retake(unit);
      }
      underWay.forward(unit, running);
    });
  }
}
