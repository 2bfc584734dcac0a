import type { GateOutcome, TwoGates } from "@sallyport/bus";
import { newCommandId, type CommandId, type HoldId, type Verdict } from "@sallyport/contracts";
import type { ErrorCode } from "@sallyport/runtime";
import type { CommandFields, SessionRecord } from "./record.ts";

/** Set by the class below: no other file can reach it. */
let mint: (command: CommandId, verdict: Verdict) => Clearance;

/**
 * INVARIANT (I1): the proof that both gates are open for one command. Only this file can make one; what
 * writes to a target needs it. It begins its command once; what belongs to that command afterwards (COPY
 * data, more rows of a suspended portal) shows it again.
 */
export class Clearance {
  readonly #command: CommandId;
  readonly verdict: Verdict;
  #state: "fresh" | "begun" | "ended" = "fresh";

  private constructor(command: CommandId, verdict: Verdict) {
    this.#command = command;
    this.verdict = verdict;
  }

  static {
    mint = (command, verdict) => new Clearance(command, verdict);
  }

  /** @throws when it was spent before: a defect, never a client's doing */
  begin(): void {
    if (this.#state !== "fresh") throw new Error(`clearance ${this.#command} was spent`);
    this.#state = "begun";
  }

  /** @throws when it covers nothing (any more) */
  continue(): void {
    if (this.#state !== "begun") throw new Error(`clearance ${this.#command} covers nothing`);
  }

  end(): void {
    this.#state = "ended";
  }
}

/** A command waits for people. */
export interface Held {
  readonly kind: "held";
  readonly verdict: Verdict;
  /** Milliseconds since the epoch: when its wait ends. */
  readonly until: number;
  /** The hold that it waited on until an approval of that one passed another command. */
  readonly before: HoldId | null;
}

/** What came of a command at the gates. After `held` at least one more comes; after the others none. */
export type Passage =
  | { readonly kind: "open"; readonly clearance: Clearance; readonly verdictHash: string }
  | Held
  | {
      readonly kind: "closed";
      readonly gate: "record" | "policy";
      readonly code: ErrorCode;
      readonly verdict: Verdict | null;
      readonly verdictHash: string | null;
    };

export interface GateOptions {
  readonly gates: TwoGates;
  /** Why nothing may pass at the moment (no beat, record too full), or null. */
  readonly closed: () => ErrorCode | null;
  /** Milliseconds that both gates have for their answers. */
  readonly limit: number;
}

/** The two gates, for every protocol: a command is recorded and judged, and only then cleared. */
export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Whether more may ride on a clearance: it was given under the policies of now, and others would be given. */
  isCurrent({ verdict }: Clearance): boolean {
    return verdict.revision === this.#options.gates.revision && this.#options.closed() === null;
  }

  /** INVARIANT (I7): neither authn nor the bus is heard, and nothing is to be forwarded. */
  get deaf(): boolean {
    const shut = this.#options.closed();
    return shut === "beat-lost" || shut === "bus-lost";
  }

  /**
   * Whether a clearance that was not spent at once may still be: what may not pass now must not pass on an answer that
   * came before, nor under policies that have changed since.
   */
  stands(clearance: Clearance): boolean {
    return this.#options.closed() === null && this.isCurrent(clearance);
  }

  /** The policies' revision that is the newest heard of. */
  get revision(): number {
    return this.#options.gates.revision;
  }

  /** Milliseconds that a judgement may take, and for which what it says is taken for the word of now. */
  get limit(): number {
    return this.#options.limit;
  }

  /**
   * Publishes the command in its place of the session's record. `tell` is never called before this returns. `asked` is
   * what `askedMembers` gives for these fields.
   */
  submit(
    record: SessionRecord,
    fields: Omit<CommandFields, "command" | "deadline" | "revision">,
    tell: (passage: Passage) => void,
    command: CommandId = newCommandId(),
    asked?: string,
  ): CommandId {
    const { gates, closed, limit } = this.#options;
    const deadline = Date.now() + limit;
    const { line, hash } = record.command(
      { ...fields, command, deadline, revision: gates.revision },
      asked,
    );
    const shut = closed();
    if (shut !== null) {
      record.keep(line);
      setImmediate(tell, refused(shut));
      return command;
    }
    gates.request(line, { command, hash, deadline, sender: record.session }, (outcome) =>
      tell(this.#passage(command, outcome)),
    );
    return command;
  }

  /** The client cancelled or left: its command waits no longer. */
  cancel(command: CommandId): boolean {
    return this.#options.gates.cancel(command);
  }

  #passage(command: CommandId, outcome: GateOutcome): Passage {
    switch (outcome.kind) {
      case "open": {
        // What may not pass now must not pass on an answer that was asked for before.
        const shut = this.#options.closed();
        if (shut !== null) return { ...refused(shut), ...said(outcome) };
        return {
          kind: "open",
          clearance: mint(command, outcome.verdict),
          verdictHash: outcome.verdictHash,
        };
      }
      case "held":
        return {
          kind: "held",
          verdict: outcome.verdict,
          until: outcome.until,
          before: outcome.before,
        };
      case "closed":
        return { kind: "closed", gate: outcome.gate, code: outcome.code, ...said(outcome) };
    }
  }
}

const said = ({ verdict, verdictHash }: GateOutcome) => ({ verdict, verdictHash });

const refused = (code: ErrorCode) =>
  ({
    kind: "closed",
    gate: code === "record-full" || code === "bus-lost" ? "record" : "policy",
    code,
    verdict: null,
    verdictHash: null,
  }) as const;
