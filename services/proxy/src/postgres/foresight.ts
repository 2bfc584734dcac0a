import type { NameContext } from "@sallyport/sql";
import type { CatalogView } from "./catalog-view.ts";
import type { Judged } from "./judged.ts";
import type { NamesInEffect } from "./names-in-effect.ts";
import { operationsOf, type Surroundings } from "./operations.ts";
import type { Prepared, ProtocolNames } from "./protocol-names.ts";
import { recall } from "./remembered-readings.ts";
import type { SessionOptions } from "./session-options.ts";
import type { SessionView } from "./session-view.ts";
import { SharedNames } from "./shared-names.ts";
import type { SqlNames } from "./sql-names.ts";
import type { CommandUnit } from "./statements.ts";
import type { Turn } from "./turn.ts";
import { bytesOf, soleStatement } from "./unit-texts.ts";

export interface ForesightParts {
  readonly options: Pick<SessionOptions, "catalog" | "statementLimit">;
  readonly turn: Turn;
  readonly names: NamesInEffect;
  readonly sqlNames: SqlNames;
  readonly protocolNames: ProtocolNames;
  readonly own: SessionView;
}

/** What the reading of a unit hangs on besides the unit. */
export interface Around {
  readonly view: CatalogView;
  readonly names: NameContext;
  /** `ProtocolNames.doubts` */
  readonly doubts: number;
}

/** What a unit asks, read before its turn: only where everything is known, and nothing need be asked or waited for. */
export class Foresight {
  readonly #parts: ForesightParts;

  constructor(parts: ForesightParts) {
    this.#parts = parts;
  }

  /** Null when that cannot be told yet. What is before it must be such that it changes nothing. */
  read(unit: CommandUnit): { readonly judged: Judged; readonly around: Around } | null {
    const { options, protocolNames, sqlNames } = this.#parts;
    const around = this.#now();
    const sole = soleStatement(unit);
    if (around === null || sole === null || !opensItsPortal(unit)) return null;
    if (bytesOf(unit) > options.statementLimit) return null;
    const { view, names } = around;
    const surroundings: Surroundings = {
      view,
      session: new SharedNames(sqlNames, protocolNames, view),
      isChanging: (of, named) => protocolNames.isChanging(of, named),
      names,
      unprovable: null,
      keep: (portal, cursor) => protocolNames.keep(portal, cursor),
      namesMayReturn: this.#parts.names.mayReturn,
      block: "unknown",
      // What stands only in a transaction, or only outside, awaits its turn.
      owed: true,
    };
    // What was never read has not passed before either.
    if (recall(sole, surroundings) === null && !isKnown(sole, around)) return null;
    const judgement = operationsOf(unit, surroundings);
    if (judgement instanceof Promise || judgement.kind !== "judged") return null;
    // What hangs on more than that is not remembered.
    return recall(sole, surroundings) && { judged: judgement.judged, around };
  }

  /** Whether a unit would be read now as it was. */
  holds({ view, names, doubts }: Around): boolean {
    const now = this.#now();
    return now?.view === view && now.names === names && now.doubts === doubts;
  }

  /** Null when something must be asked first, or nothing can be. */
  #now(): Around | null {
    const { options, turn, names, own, protocolNames } = this.#parts;
    const { current } = options.catalog;
    if (current === null || names.known === null || names.stale(current.catalog)) return null;
    if (turn.readyHeld || turn.status === "E") return null;
    const view = own.current(turn.ddl) ?? (turn.ddl ? null : current);
    return view && { view, names: names.known, doubts: protocolNames.doubts };
  }
}

/** It is about no portal but its own. */
const opensItsPortal = ({ portal, steps }: CommandUnit): boolean =>
  portal !== undefined &&
  steps.some((step) => step.message.kind === "bind" && step.portal === portal) &&
  steps.every((step) => step.message.kind !== "close");

const isKnown = ({ text, types }: Prepared, { view, names }: Around): boolean =>
  text !== null && view.knows(text, names, types);
