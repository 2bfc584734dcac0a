import { isBeingChanged, type NameContext } from "@sallyport/sql";
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
import type { TargetWriter } from "./target-writer.ts";
import type { Turn } from "./turn.ts";
import { bytesOf, soleStatement } from "./unit-texts.ts";
import { noNames, unprovable } from "./unprovable.ts";

export interface ForesightParts {
  readonly options: Pick<SessionOptions, "catalog" | "statementLimit">;
  readonly turn: Turn;
  readonly writer: Pick<TargetWriter, "unsynced">;
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
  /** Why nothing can be proven; then only the same reading in its turn tells that a unit asks the same. */
  readonly unprovable: string | null;
}

export interface Foreseen {
  readonly judged: Judged;
  readonly around: Around;
}

/** What a unit asks, read before its turn: only where everything is known, and nothing need be asked or waited for. */
export class Foresight {
  readonly #parts: ForesightParts;

  constructor(parts: ForesightParts) {
    this.#parts = parts;
  }

  /** What is read now is read where nothing can be proven, and where nothing could be asked that would tell more. */
  get inDoubt(): boolean {
    return this.#now()?.unprovable != null;
  }

  /** Null when that cannot be told yet. What is before it must be such that it changes nothing of that. */
  read(unit: CommandUnit): Foreseen | null {
    const { options, protocolNames, sqlNames } = this.#parts;
    const around = this.#now();
    const sole = soleStatement(unit);
    if (around === null || sole === null || !opensItsPortal(unit)) return null;
    if (bytesOf(unit) > options.statementLimit) return null;
    const { view, names, unprovable: why } = around;
    const surroundings: Surroundings = {
      view,
      session: new SharedNames(sqlNames, protocolNames, view),
      isChanging: (of, named) => protocolNames.isChanging(of, named),
      names,
      unprovable: why,
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
    if (mayTellMore(judgement.judged)) return null;
    // What hangs on more than that is not remembered.
    return recall(sole, surroundings) && { judged: judgement.judged, around };
  }

  /**
   * What a unit that was read before its turn asks now that this has come; null where that is, or may be, something else.
   * INVARIANT (I3): behind what may have done anything it is read once more, and asks to the letter what was judged.
   */
  again(unit: CommandUnit, { judged, around }: Foreseen): Judged | null {
    if (around.unprovable === null) return this.#holds(around) ? judged : null;
    const now = this.read(unit);
    return now?.around.unprovable === around.unprovable && now.judged.written === judged.written
      ? now.judged
      : null;
  }

  #holds({ view, names, doubts }: Around): boolean {
    const now = this.#now();
    if (now === null || now.unprovable !== null) return false;
    return now.view === view && now.names === names && now.doubts === doubts;
  }

  /** Null when something must be asked first, or nothing can be. */
  #now(): Around | null {
    const { options, turn, writer, names, own, protocolNames } = this.#parts;
    const { current } = options.catalog;
    if (current === null || turn.readyHeld || turn.status === "E") return null;
    const view = own.current(turn.ddl);
    const stale = names.stale(current.catalog);
    const why = unprovable({ ddl: turn.ddl, own: view, shared: current, stale });
    // In the middle of a pipeline nothing can be asked; else something that is asked first tells.
    if (why !== null && !writer.unsynced) return null;
    return {
      view: view ?? current,
      names: names.known ?? noNames,
      doubts: protocolNames.doubts,
      unprovable: why,
    };
  }
}

/** It is about no portal but its own. */
const opensItsPortal = ({ portal, steps }: CommandUnit): boolean =>
  portal !== undefined &&
  steps.some((step) => step.message.kind === "bind" && step.portal === portal) &&
  steps.every((step) => step.message.kind !== "close");

const isKnown = ({ text, types }: Prepared, { view, names, unprovable: why }: Around): boolean =>
  text !== null && view.knows(text, names, types, why);

/** Its turn may bring another look at the target. */
const mayTellMore = ({ opaque, unresolved }: Judged): boolean =>
  unresolved !== null ||
  (opaque !== null && (isBeingChanged(opaque) || opaque.endsWith(" is not known")));
