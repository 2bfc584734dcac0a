import type { TransactionStatus } from "@sallyport/pgwire";
import type { Answers } from "./answers.ts";
import type { CopyIn } from "./copy-in.ts";
import type { Ending } from "./ending.ts";
import type { Flow } from "./flow.ts";
import type { NamesInEffect } from "./names-in-effect.ts";
import type { Refusal } from "./refusal.ts";
import type { Refusing } from "./refusing.ts";
import type { SessionView } from "./session-view.ts";
import type { SessionOptions } from "./session-options.ts";
import type { ProtocolNames } from "./protocol-names.ts";
import type { SqlNames } from "./sql-names.ts";
import type { Turn } from "./turn.ts";
import type { UnderWay } from "./under-way.ts";

export interface ReadinessParts {
  readonly options: Pick<SessionOptions, "catalog" | "tellDdl" | "log">;
  readonly turn: Turn;
  readonly protocolNames: ProtocolNames;
  readonly answers: Answers;
  readonly flow: Flow;
  readonly names: NamesInEffect;
  readonly sqlNames: SqlNames;
  readonly own: SessionView;
  readonly copy: CopyIn;
  readonly underWay: UnderWay;
  readonly ending: Ending;
  readonly refusing: Refusing;
}

/** ReadyForQuery of the target: what ends with it, and when the client may hear of it. */
export class Readiness {
  readonly #parts: ReadinessParts;

  constructor(parts: ReadinessParts) {
    this.#parts = parts;
  }

  /** `instead` of a result that was cut when the target had no error to be cancelled with. */
  ready(status: TransactionStatus, instead: Refusal | null): void {
    const { turn, protocolNames, names, sqlNames, copy, underWay } = this.#parts;
    turn.status = status;
    turn.segments += 1;
    copy.ready();
    const { committed } = turn;
    turn.committed = false;
    if (status === "I") {
      protocolNames.transactionEnded(turn.segments);
      if (sqlNames.transactionEnded()) protocolNames.doubt();
      underWay.endSuspended();
      if (turn.ddl) {
        turn.ddl = false;
        return this.#afterDdl(status, instead);
      }
      names.transactionEnded();
    }
    // COMMIT AND CHAIN, or a BEGIN behind COMMIT in a query string; DDL may be in what is open, too.
    if (status === "T" && committed && turn.ddl) return this.#afterDdl(status, instead);
    this.#pass(status, instead);
  }

  /** The client hears of the end of its DDL when no worker reads the old catalog any more. */
  #afterDdl(status: TransactionStatus, instead: Refusal | null): void {
    const { options, turn, names, own, flow } = this.#parts;
    const { catalog, tellDdl, log } = options;
    catalog.markStale();
    names.forget();
    own.forget();
    turn.readyHeld = true;
    flow.pause("ddl");
    // Within a transaction its reader might wait for it.
    const reading = status === "I" ? catalog.ensure() : null;
    void Promise.allSettled([tellDdl(), reading]).then((results) => {
      for (const result of results)
        if (result.status === "rejected") log.warn({ err: result.reason }, "the catalog is stale");
      if (turn.ended) return;
      turn.readyHeld = false;
      if (status === "I") names.transactionEnded();
      this.#pass(status, instead);
      flow.resume("ddl");
    });
  }

  #pass(status: TransactionStatus, instead: Refusal | null): void {
    const { turn, answers, ending, refusing } = this.#parts;
    if (ending.endIfLeft()) return;
    // INVARIANT (I8): more of the pipeline runs in a transaction of which the client is to think that it failed.
    if (instead && !answers.idle) return ending.end(instead, instead.code);
    if (instead) refusing.say(instead, true);
    else answers.passReady(status);
    if (answers.idle && turn.boundary()) return;
    turn.pump();
  }
}
