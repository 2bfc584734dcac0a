import { newCommandId, type CommandId } from "@sallyport/contracts";
import type { Passage } from "../gate.ts";
import type { AtGates } from "./at-gates.ts";
import type { ClientUnits } from "./client-units.ts";
import type { Ending } from "./ending.ts";
import type { Foreseen, Foresight } from "./foresight.ts";
import type { Judged } from "./judged.ts";
import { changesNothing, leavesUnknown } from "./plain-passes.ts";
import { passedOver, refusalAtGate, refusalOf, type Refusal } from "./refusal.ts";
import { unsent } from "./running.ts";
import type { SessionOptions } from "./session-options.ts";
import type { CommandUnit, Unit } from "./statements.ts";
import type { Turn } from "./turn.ts";
import { bytesOf } from "./unit-texts.ts";

/** Of one session: commands that are judged behind the one in hand, bytes of their texts and values, units that wait. */
const most = { commands: 64, bytes: 256 * 1024, units: 256 };

/** What the record says of a command that is asked about once more, under an id of its own. */
const judgedAnew: Refusal = {
  code: "judged-anew",
  said: {
    sqlstate: "XX000",
    message:
      "it was judged ahead of its turn, and is judged again, for it might be judged otherwise now",
  },
};

/** A command that was judged, or is being, before its turn has come. */
interface AheadOfTurn {
  readonly foreseen: Foreseen;
  readonly command: CommandId;
  readonly bytes: number;
  /** By `performance.now()`: from then on its verdict is no word of now. */
  readonly due: number;
  passage: Passage | null;
  /** Takes the passage when its turn has come. */
  tell: ((passage: Passage) => void) | null;
  /** Why it will not be sent on this judgement. */
  why: Refusal | null;
}

export interface AheadParts {
  readonly options: Pick<SessionOptions, "gate" | "record" | "release">;
  readonly turn: Turn;
  readonly units: ClientUnits;
  readonly foresight: Foresight;
  readonly atGates: AtGates;
  readonly ending: Ending;
}

/**
 * The commands of a pipeline pass the gates together: those that a client has sent behind the one in hand are judged
 * while that one is at the gates, as far as nothing before them can change what they ask, and their like passed before.
 * INVARIANT (I1): each goes to the target in its turn, and on its own record and verdict.
 */
export class Ahead {
  readonly #parts: AheadParts;
  /** Those whose turn is still to come, by their units. */
  readonly #waiting = new Map<Unit, AheadOfTurn>();
  #bytes = 0;
  /** So many of the units that wait were looked at: they are judged, or nothing need be asked for them. */
  #followed = 0;
  /** The first that was not: it waits for its turn. */
  #barrier: Unit | null = null;

  constructor(parts: AheadParts) {
    this.#parts = parts;
  }

  /** The unit whose turn it is, of those that were read before. */
  shift(): Unit | undefined {
    const unit = this.#parts.units.shift();
    if (unit !== undefined) this.#leaves(unit);
    return unit;
  }

  /** Looks at the next unit behind the command in hand; false when nothing more can be judged ahead now. */
  follow(): boolean {
    const { units } = this.#parts;
    if (!this.#leads || this.#isFull) return false;
    const { waiting } = units;
    if (this.#followed === waiting.length && !units.readAhead()) return false;
    const unit = waiting[this.#followed];
    if (unit === undefined || unit === this.#barrier) return false;
    if (!this.#passes(unit)) {
      this.#barrier = unit;
      return false;
    }
    this.#followed += 1;
    return true;
  }

  /** What comes behind the command in hand asks the same before and after that has run. */
  get #leads(): boolean {
    const { passing } = this.#parts.atGates;
    return passing !== null && this.#leavesAsItIs(passing);
  }

  /** INVARIANT (I3): what may do anything does so only where nothing was known before it. */
  #leavesAsItIs(judged: Judged): boolean {
    return changesNothing(judged) || (leavesUnknown(judged) && this.#parts.foresight.inDoubt);
  }

  get #isFull(): boolean {
    return (
      this.#waiting.size >= most.commands ||
      this.#bytes >= most.bytes ||
      this.#parts.units.waiting.length >= most.units
    );
  }

  #passes(unit: Unit): boolean {
    switch (unit.kind) {
      case "sync":
        // Behind it can be asked what was not known.
        return !this.#parts.foresight.inDoubt;
      case "flush":
        return true;
      case "command":
        return this.#ask(unit);
      case "close":
      case "misnamed":
      case "terminate":
      case "too-large":
        return false;
    }
  }

  #ask(unit: CommandUnit): boolean {
    const { turn, foresight, atGates, options } = this.#parts;
    const foreseen = foresight.read(unit);
    if (foreseen === null || !this.#leavesAsItIs(foreseen.judged)) return false;
    const command = newCommandId();
    const one: AheadOfTurn = {
      foreseen,
      command,
      bytes: bytesOf(unit),
      due: performance.now() + options.gate.limit,
      passage: null,
      tell: null,
      why: null,
    };
    const tell = (passage: Passage) => this.#came(one, passage);
    if (!atGates.askAhead(foreseen.judged, command, tell)) return false;
    turn.aheadAtGates.add(command);
    this.#bytes += one.bytes;
    this.#waiting.set(unit, one);
    return true;
  }

  /** The turn of a command has come. True when it goes on with what was asked about it before. */
  take(unit: CommandUnit): boolean {
    const { turn, atGates } = this.#parts;
    const one = this.#forget(unit);
    if (one === null) return false;
    const judged = this.#stands(one) ? this.#parts.foresight.again(unit, one.foreseen) : null;
    if (judged === null) {
      this.#discard(one, judgedAnew);
      this.#beginAnew();
      return false;
    }
    turn.aheadAtGates.delete(one.command);
    one.tell = atGates.turnOf(unit, judged, one.command, one.passage);
    return true;
  }

  /** It would be judged by the same policies. */
  #stands({ due, passage }: AheadOfTurn): boolean {
    const { options } = this.#parts;
    if (performance.now() > due) return false;
    switch (passage?.kind) {
      case "open":
        return options.gate.stands(passage.clearance);
      case "closed":
        return passage.verdict === null || passage.verdict.revision === options.gate.revision;
      case "held":
      case undefined:
        return true;
    }
  }

  /** What was judged behind it was so on the same terms. */
  #beginAnew(): void {
    this.#discardAll(judgedAnew);
    this.#followed = 0;
    this.#barrier = null;
  }

  /** A unit that waited is passed over: a command before it has failed. */
  skipped(unit: Unit): void {
    this.#leaves(unit);
    const one = this.#forget(unit);
    if (one !== null) this.#discard(one, passedOver);
  }

  /**
   * Nothing more is sent: the client has left, or the session ends. What is at the gates is heard to its end, so that no
   * hold is left that nobody waits on.
   */
  abandon(): void {
    this.#discardAll(refusalOf("session-ended", { reason: "the client left" }));
  }

  #leaves(unit: Unit): void {
    if (this.#followed > 0) this.#followed -= 1;
    if (unit === this.#barrier) this.#barrier = null;
  }

  #forget(unit: Unit): AheadOfTurn | null {
    const one = this.#waiting.size > 0 ? this.#waiting.get(unit) : undefined;
    if (one === undefined) return null;
    this.#waiting.delete(unit);
    this.#bytes -= one.bytes;
    return one;
  }

  #came(one: AheadOfTurn, passage: Passage): void {
    const { turn, options, ending } = this.#parts;
    one.passage = passage;
    if (one.tell !== null) return one.tell(passage);
    if (passage.kind !== "held") turn.aheadAtGates.delete(one.command);
    if (one.why === null) return;
    if (passage.kind === "held") options.gate.cancel(one.command);
    else this.#record(one, passage, one.why);
    if (turn.ended) ending.closeRecord();
  }

  #discardAll(why: Refusal): void {
    for (const one of this.#waiting.values()) this.#discard(one, why);
    this.#waiting.clear();
    this.#bytes = 0;
  }

  #discard(one: AheadOfTurn, why: Refusal): void {
    one.why = why;
    if (one.passage?.kind === "held") this.#parts.options.gate.cancel(one.command);
    else if (one.passage !== null) this.#record(one, one.passage, why);
  }

  /** It was judged, and does not run. What that has opened for people to answer is withdrawn, an approval given back. */
  #record(one: AheadOfTurn, passage: Exclude<Passage, { kind: "held" }>, why: Refusal): void {
    const { command } = one;
    const { record, release } = this.#parts.options;
    if (passage.kind === "open") {
      const { clearance, verdictHash } = passage;
      clearance.end();
      record.result({ ...unsent(command, "not-sent"), verdict: verdictHash, error: errorOf(why) });
      const { hold } = clearance.verdict;
      if (hold) release(command, hold, "not-sent");
      return;
    }
    const { gate, code, verdict, verdictHash } = passage;
    const outcome = gate === "record" ? "refused-record" : "refused-policy";
    const error = errorOf(refusalAtGate(passage));
    record.result({ ...unsent(command, outcome), verdict: verdictHash, error });
    if (verdict?.hold && (code === "hold-open" || code === "cancelled"))
      release(command, verdict.hold, "cancelled");
  }
}

const errorOf = ({ code, said: { sqlstate, message } }: Refusal) => ({ code, sqlstate, message });
