import { createHash } from "node:crypto";
import { newCommandId } from "@sallyport/contracts";
import { toClient } from "@sallyport/pgwire";
import type { Answers } from "./answers.ts";
import type { ClientUnits } from "./client-units.ts";
import type { Flow } from "./flow.ts";
import { errorFrame, type Refusal } from "./refusal.ts";
import type { SessionOptions } from "./session-options.ts";
import type { CommandUnit, Statements } from "./statements.ts";
import type { TargetWriter } from "./target-writer.ts";
import type { Turn } from "./turn.ts";

/** A client that is refused faster than that is recorded waits. */
const mostUnrecorded = 64;

export interface RefusingParts {
  readonly options: Pick<SessionOptions, "record">;
  readonly turn: Turn;
  readonly units: ClientUnits;
  readonly statements: Statements;
  readonly answers: Answers;
  readonly writer: TargetWriter;
  readonly flow: Flow;
}

/** INVARIANT (I8): a refusal leaves client and target agreeing. */
export class Refusing {
  readonly #parts: RefusingParts;
  /** Refusals of our own that the record has not acknowledged. */
  #unrecorded = 0;

  constructor(parts: RefusingParts) {
    this.#parts = parts;
  }

  get congested(): boolean {
    return this.#unrecorded >= mostUnrecorded;
  }

  /** Whether the target, having failed meanwhile, would not look at a unit: then nothing is said of it either. */
  forgoes(unit: CommandUnit): boolean {
    const { turn, statements } = this.#parts;
    if (!turn.isPassedOver(unit)) return false;
    statements.forgo(unit.steps);
    turn.inHand = null;
    return true;
  }

  /** Refused by the proxy itself, before the gates: recorded as such. */
  unjudged(unit: CommandUnit, why: Refusal, text: string): void {
    this.#record(why, text);
    this.unit(unit, why);
  }

  /** A message that cannot be read, is too large, or names what is not there: no unit came of it, and no text. */
  unread(why: Refusal, simple: boolean): void {
    this.#record(why, "");
    this.say(why, simple);
  }

  #record(why: Refusal, text: string): void {
    const refused = {
      command: newCommandId(),
      text: text.slice(0, 64 * 1024),
      textHash: createHash("sha256").update(text).digest("hex"),
      code: why.code,
      message: why.said.message,
    };
    this.#unrecorded += 1;
    this.#parts.options.record.refused(refused, () => {
      this.#unrecorded -= 1;
      if (this.#unrecorded === mostUnrecorded - 1) this.#parts.turn.pump();
    });
  }

  /** A unit that never reaches the target; the record knows. */
  unit(unit: CommandUnit, why: Refusal): void {
    this.#parts.statements.forgo(unit.steps);
    this.#parts.turn.inHand = null;
    this.say(why, unit.commandKind === "simple" || unit.commandKind === "function-call");
  }

  /** The client gets an error, and the target's transaction fails as if it had said so. */
  say(why: Refusal, simple: boolean): void {
    const { turn, units, answers, writer, options, flow } = this.#parts;
    const bytes = errorFrame(why);
    const fail = turn.status === "T" || !turn.atBoundary;
    if (!simple) units.skipToSync();
    if (!fail) {
      answers.owe({
        kind: "local",
        bytes: () => (simple ? Buffer.concat([bytes, toClient.readyForQuery(turn.status)]) : bytes),
      });
      if (simple) turn.segments += 1;
      return;
    }
    const purpose = "fail-transaction";
    const text = simple ? writer.ownQuery(purpose) : writer.ownParse(purpose);
    options.record.own({ purpose, text });
    answers.owe({ kind: "own-failure", simple, bytes });
    if (answers.onlyOwn) flow.resume("beat");
  }
}
