import { asSallyError } from "@sallyport/runtime";
import type { NameContext } from "@sallyport/sql";
import type { Answers } from "./answers.ts";
import type { AtGates } from "./at-gates.ts";
import type { NamesInEffect } from "./names-in-effect.ts";
import { readNames } from "./names.ts";
import { bytesOf, operationsOf, textOf, type Judgement } from "./operations.ts";
import { asTarget, refusal, refusalOf } from "./refusal.ts";
import type { Refusing } from "./refusing.ts";
import type { SessionOptions } from "./session-options.ts";
import type { SqlNames } from "./sql-names.ts";
import type { CommandUnit } from "./statements.ts";
import type { CatalogView } from "./target-catalog.ts";
import type { TargetWriter } from "./target-writer.ts";
import type { Turn } from "./turn.ts";
import type { UnderWay } from "./under-way.ts";

export interface UnderstandingParts {
  readonly options: Pick<SessionOptions, "catalog" | "record" | "statementLimit">;
  readonly turn: Turn;
  readonly answers: Answers;
  readonly writer: TargetWriter;
  readonly names: NamesInEffect;
  readonly sqlNames: SqlNames;
  readonly refusing: Refusing;
  readonly underWay: UnderWay;
  readonly atGates: AtGates;
}

const noNames: NameContext = { searchPath: [] };

/** A command's unit → its operations, when catalog and names are known that are needed for it; then to the gates. */
export class Understanding {
  readonly #parts: UnderstandingParts;

  constructor(parts: UnderstandingParts) {
    this.#parts = parts;
  }

  take(unit: CommandUnit): void {
    this.#parts.turn.inHand = unit;
    this.#take(unit);
  }

  /** `unreadable`: the catalog could not be read, so that nothing can be proven now. */
  #take(unit: CommandUnit, unreadable = false): void {
    const { options, turn, answers, writer, names, refusing, underWay } = this.#parts;
    if (turn.clientGone || refusing.forgoes(unit)) return;
    if (turn.readyHeld) return this.#wait(unit);
    const size = bytesOf(unit);
    const limit = options.statementLimit;
    if (size > limit) {
      const why = refusalOf("statement-too-large", { size, limit });
      return refusing.unjudged(unit, why, textOf(unit));
    }
    const suspended = underWay.suspendedOf(unit);
    if (suspended) return underWay.continue(unit, suspended);
    const { current, last } = options.catalog;
    // Its reader may wait for locks that this very transaction holds: what ends the transaction needs no catalog.
    const view = current ?? (turn.ddl || unreadable ? last : null);
    if (view === null) return this.#afterCatalog(unit);
    const stale = names.stale(view.catalog);
    if (stale && turn.status !== "E") {
      if (turn.atBoundary) return this.#askNames(unit, view.catalog);
      // The transaction's end, or the pipeline's, is owed: then they can be asked.
      if (answers.syncing && !writer.unsynced) return this.#wait(unit);
    }
    this.#read(
      unit,
      view,
      turn.ddl
        ? "the transaction has changed the schema"
        : current === null
          ? "the target's catalog cannot be read now"
          : stale
            ? "search_path or role may have changed in this pipeline"
            : null,
    );
  }

  #read(unit: CommandUnit, view: CatalogView, unprovable: string | null): void {
    const { turn, names, sqlNames } = this.#parts;
    sqlNames.forget(unit.steps);
    const judgement = operationsOf(unit, {
      view,
      session: sqlNames.known,
      names: names.known ?? noNames,
      unprovable,
      namesMayReturn: names.mayReturn,
    });
    if (judgement instanceof Promise) {
      turn.phase = "working";
      void judgement.then((one) => turn.resumeWith(() => this.#understood(unit, one)));
      return;
    }
    this.#understood(unit, judgement);
  }

  #understood(unit: CommandUnit, judgement: Judgement): void {
    const { refusing, atGates } = this.#parts;
    if (refusing.forgoes(unit)) return;
    if (judgement.kind === "refused")
      return refusing.unjudged(unit, judgement.refusal, judgement.text);
    atGates.ask(unit, judgement.judged);
  }

  #wait(unit: CommandUnit): void {
    this.#parts.turn.waitForBoundary(() => this.#take(unit));
  }

  #afterCatalog(unit: CommandUnit): void {
    const { options, turn, refusing } = this.#parts;
    turn.phase = "working";
    options.catalog.ensure().then(
      () => turn.resumeWith(() => this.#take(unit)),
      (cause: unknown) =>
        turn.resumeWith(() => {
          if (options.catalog.last) return this.#take(unit, true);
          refusing.unjudged(unit, refusal(asSallyError(cause)), textOf(unit));
        }),
    );
  }

  #askNames(unit: CommandUnit, catalog: object): void {
    const { options, turn, answers, writer, names, refusing } = this.#parts;
    turn.phase = "working";
    const text = writer.ownRead("read-names");
    options.record.own({ purpose: "read-names", text });
    answers.owe({
      kind: "own-query",
      done: ({ row, error, status }) =>
        turn.resumeWith(() => {
          turn.status = status;
          if (error) {
            // A cancel or a timeout of the client's met it: the command that needed it is what fails.
            const said = asTarget(error.sqlstate ?? "XX000", error.message ?? "");
            return refusing.unjudged(unit, said, textOf(unit));
          }
          const told = row && readNames(row);
          if (!told) return turn.end(refusalOf("internal"), "names unreadable");
          names.told(told, catalog);
          this.#take(unit);
        }),
    });
  }
}
