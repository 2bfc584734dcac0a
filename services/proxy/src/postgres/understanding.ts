import { asSallyError } from "@sallyport/runtime";
import {
  dependentsUnknown,
  isBeingChanged,
  maybeTemporary,
  sessionSettings,
  sessionStatements,
  temporaryObject,
  type SessionPart,
} from "@sallyport/sql";
import type { Answers } from "./answers.ts";
import type { AtGates } from "./at-gates.ts";
import type { Block } from "./before-names.ts";
import type { NamesInEffect } from "./names-in-effect.ts";
import { preparedNames, readNames } from "./names.ts";
import { operationsOf, type Judgement } from "./operations.ts";
import type { OwnAnswer } from "./owed.ts";
import { apart } from "./own-statements.ts";
import type { ProtocolNames } from "./protocol-names.ts";
import { asTarget, refusal, refusalOf } from "./refusal.ts";
import type { Refusing } from "./refusing.ts";
import type { SessionOptions } from "./session-options.ts";
import type { SessionView } from "./session-view.ts";
import { SharedNames } from "./shared-names.ts";
import type { SqlNames } from "./sql-names.ts";
import type { CommandUnit } from "./statements.ts";
import type { CatalogView } from "./catalog-view.ts";
import type { TargetWriter } from "./target-writer.ts";
import type { Turn } from "./turn.ts";
import { bytesOf, textOf } from "./unit-texts.ts";
import { noNames, schemaChanged, unprovable } from "./unprovable.ts";
import type { UnderWay } from "./under-way.ts";

export interface UnderstandingParts {
  readonly options: Pick<SessionOptions, "catalog" | "record" | "statementLimit">;
  readonly turn: Turn;
  readonly answers: Answers;
  readonly writer: TargetWriter;
  readonly names: NamesInEffect;
  readonly sqlNames: SqlNames;
  readonly protocolNames: ProtocolNames;
  /** The catalog as the session itself sees it. */
  readonly own: SessionView;
  readonly refusing: Refusing;
  readonly underWay: UnderWay;
  readonly atGates: AtGates;
}

/** What was tried for a unit already. */
interface Tried {
  /** The catalog could not be read, so that nothing can be proven now. */
  readonly unreadable?: boolean;
  /** How often the session's own connection was asked for the catalog. */
  readonly asked?: number;
  /** The catalog was looked at again, because of a name that it does not have. */
  readonly rechecked?: boolean;
  /** How often it was waited for another session's transaction. */
  readonly waited?: number;
}

/** Milliseconds between two looks whether another session's transaction is over, and how many looks. */
const lookEvery = 250;
const mostLooks = 20;

/** Others may change the target meanwhile, so that what was read is old at once; a CASCADE is known for one late. */
const mostAsked = 4;

/** A command's unit → its operations, when catalog and names are known that are needed for it; then to the gates. */
export class Understanding {
  readonly #parts: UnderstandingParts;

  constructor(parts: UnderstandingParts) {
    this.#parts = parts;
  }

  take(unit: CommandUnit): void {
    this.#parts.turn.inHand = unit;
    this.#take(unit, {});
  }

  #take(unit: CommandUnit, tried: Tried): void {
    const { options, turn, names, own, refusing, underWay } = this.#parts;
    if (turn.clientGone || refusing.forgoes(unit)) return;
    if (turn.isCancelled(unit)) return this.#cancelled(unit);
    if (turn.readyHeld) return this.#wait(unit, tried);
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
    const shared = current ?? (turn.ddl || tried.unreadable ? last : null);
    if (shared === null) return this.#afterCatalog(unit, tried);
    const stale = names.stale(shared.catalog);
    if (stale) {
      // In a failed transaction nothing can be asked; what is owed may be its end, or the pipeline's.
      if (turn.atBoundary && turn.status !== "E")
        return this.#askNames(unit, shared.catalog, tried);
      if (this.#waitsForOwed(unit, tried)) return;
    }
    const view = own.current(turn.ddl);
    const why = unprovable({ ddl: turn.ddl, own: view, shared: current, stale });
    this.#read(unit, view ?? shared, why, tried);
  }

  #read(unit: CommandUnit, view: CatalogView, why: string | null, tried: Tried): void {
    const { protocolNames, names, sqlNames } = this.#parts;
    const judgement = operationsOf(unit, {
      view,
      session: new SharedNames(sqlNames, protocolNames, view),
      isChanging: (of, named) => protocolNames.isChanging(of, named),
      keep: (portal, cursor) => protocolNames.keep(portal, cursor),
      names: names.known ?? noNames,
      unprovable: why,
      namesMayReturn: names.mayReturn,
      block: this.#block,
      owed: this.#owed,
    });
    if (judgement instanceof Promise) {
      const goOn = this.#parts.turn.waitFor(() => this.#take(unit, tried));
      void judgement.then((one) => goOn(() => this.#understood(unit, one, tried)));
      return;
    }
    this.#understood(unit, judgement, tried);
  }

  /** A ReadyForQuery is owed for all that was sent. */
  get #owed(): boolean {
    const { answers, writer } = this.#parts;
    return answers.syncing && !writer.unsynced;
  }

  get #block(): Block {
    const { turn, answers } = this.#parts;
    if (turn.status !== "E")
      return !turn.atBoundary ? "unknown" : turn.status === "T" ? "open" : "none";
    const mayEnd = answers.unfinished().some(({ judged }) => judged.effects.transaction);
    return mayEnd ? "unknown" : "failed";
  }

  #understood(unit: CommandUnit, judgement: Judgement, tried: Tried): void {
    const { refusing, atGates } = this.#parts;
    if (refusing.forgoes(unit)) return;
    if (judgement.kind === "awaits") return this.#wait(unit, tried);
    if (judgement.kind === "refused")
      return refusing.unjudged(unit, judgement.refusal, judgement.text);
    const { opaque } = judgement.judged;
    if (opaque !== null && this.#learn(unit, opaque, judgement.judged.unresolved !== null, tried))
      return;
    atGates.ask(unit, judgement.judged);
  }

  /** Reads what may tell more of a unit than is known, and takes it again; false when nothing would. */
  #learn(unit: CommandUnit, opaque: string, unresolved: boolean, tried: Tried): boolean {
    const { turn, own, sqlNames } = this.#parts;
    if (turn.status === "E") return this.#waitsForOwed(unit, tried);
    if (isBeingChanged(opaque)) return this.#waitForOthers(unit, tried);
    // What is under way may tell what a name stands for.
    const told = sqlNames.settled && !opaque.startsWith("nobody knows");
    // Or fail the transaction, of which the target speaks before it looks for names.
    if ((!told || unresolved) && this.#waitsForOwed(unit, tried)) return true;
    const isTemporary = opaque === temporaryObject || opaque === maybeTemporary;
    const unknown = unresolved || opaque.endsWith(" is not known");
    if (unknown && !tried.rechecked) {
      if (!turn.ddl) {
        this.#recheck(unit, { ...tried, rechecked: true });
        return true;
      }
      if (tried.asked === undefined) {
        own.forget();
        this.#take(unit, { ...tried, rechecked: true });
        return true;
      }
    }
    const cascades = opaque === dependentsUnknown;
    if (opaque !== schemaChanged && !isTemporary && !cascades) return false;
    const { asked = 0 } = tried;
    if (asked >= mostAsked) return false;
    if (turn.atBoundary) {
      const part = cascades ? "dependents" : turn.ddl ? "session" : "temporary";
      this.#askCatalog(unit, part, { ...tried, asked: asked + 1 });
      return true;
    }
    return this.#waitsForOwed(unit, tried);
  }

  /** The target would have the client wait for such a table; the gateway has it wait for a while before it refuses. */
  #waitForOthers(unit: CommandUnit, tried: Tried): boolean {
    const { turn, own } = this.#parts;
    const { waited = 0 } = tried;
    if (waited >= mostLooks) return false;
    turn.phase = "working";
    setTimeout(() => {
      if (turn.ended) return;
      const again = { ...tried, waited: waited + 1, asked: 0 };
      own.forget();
      if (turn.ddl) turn.resumeWith(() => this.#take(unit, again));
      else this.#recheck(unit, again);
    }, lookEvery).unref();
    return true;
  }

  /** The unit is taken again behind the ReadyForQuery that is owed. False when none is. */
  #waitsForOwed(unit: CommandUnit, tried: Tried): boolean {
    if (!this.#owed) return false;
    this.#wait(unit, tried);
    return true;
  }

  #wait(unit: CommandUnit, tried: Tried): void {
    this.#parts.turn.waitForBoundary(() => this.#take(unit, tried));
  }

  #afterCatalog(unit: CommandUnit, tried: Tried): void {
    const { options, turn, refusing } = this.#parts;
    const goOn = turn.waitFor(() => this.#take(unit, tried));
    options.catalog.ensure().then(
      () => goOn(() => this.#take(unit, tried)),
      (cause: unknown) =>
        goOn(() => {
          if (options.catalog.last) return this.#take(unit, { ...tried, unreadable: true });
          refusing.unjudged(unit, refusal(asSallyError(cause)), textOf(unit));
        }),
    );
  }

  /** A name that is missing may have been made a moment ago, past the gateway. */
  #recheck(unit: CommandUnit, tried: Tried): void {
    const { options, turn } = this.#parts;
    const goOn = turn.waitFor(() => this.#take(unit, tried));
    const again = () => goOn(() => this.#take(unit, tried));
    options.catalog.recheck().then(again, again);
  }

  #askNames(unit: CommandUnit, catalog: object, tried: Tried): void {
    const { options, turn, protocolNames, answers, writer, names, sqlNames, refusing } =
      this.#parts;
    turn.phase = "working";
    const text = writer.ownRead("read-names");
    options.record.own({ purpose: "read-names", text });
    answers.owe({
      kind: "own-query",
      done: ({ rows, error, status }) =>
        turn.resumeWith(() => {
          turn.status = status;
          if (turn.isCancelled(unit)) return this.#cancelled(unit);
          if (error) {
            // A timeout of the client's met it: the command that needed it is what fails.
            const said = asTarget(error.sqlstate ?? "XX000", error.message ?? "");
            return refusing.unjudged(unit, said, textOf(unit));
          }
          const [row] = rows;
          const told = row && readNames(row);
          if (!told) return turn.end(refusalOf("internal"), "names unreadable");
          names.told(told, catalog);
          const prepared = preparedNames(row);
          protocolNames.verified(prepared.protocol);
          if (prepared.sql === 0) sqlNames.nothingPrepared();
          this.#take(unit, tried);
        }),
    });
  }

  /** INVARIANT (I8): inside a transaction nothing of it stays, neither an error nor a lock. */
  #askCatalog(unit: CommandUnit, part: SessionPart, tried: Tried): void {
    const { options, turn, answers, writer, own } = this.#parts;
    turn.phase = "working";
    const { mark } = options.catalog;
    const inside = turn.status === "T";
    const texts = [sessionSettings, sessionStatements[part]];
    let read: OwnAnswer | null = null;
    const done = (answer: OwnAnswer): void => {
      turn.status = answer.status;
      const failed = read === null && answer.error !== null;
      read ??= answer;
      // What came after the error was passed over.
      if (inside && failed) return ask([apart.undo, apart.end]);
      const go = (again: boolean) => () =>
        turn.resumeWith(() =>
          this.#told(unit, read, again ? tried : { ...tried, asked: mostAsked }),
        );
      void this.#took(read, part, mark).then((again) => go(again)(), go(false));
    };
    const ask = (script: readonly string[]): void => {
      writer.ownScript(script);
      for (const text of script) options.record.own({ purpose: `read-${part}`, text });
      answers.owe({ kind: "own-query", done });
    };
    own.forget();
    ask(inside ? [apart.begin, ...texts, apart.undo, apart.end] : texts);
  }

  /** False when asking again would tell no more. */
  async #took({ rows, error }: OwnAnswer, part: SessionPart, mark: string): Promise<boolean> {
    // The first row is that of the settings.
    return error !== null || this.#parts.own.told(part, rows.slice(1), mark);
  }

  #told(unit: CommandUnit, answer: OwnAnswer | null, tried: Tried): void {
    const { turn, refusing } = this.#parts;
    const { error } = answer ?? {};
    if (turn.isCancelled(unit)) return this.#cancelled(unit);
    if (turn.status === "E" || error?.sqlstate === "57014") {
      const said = asTarget(error?.sqlstate ?? "XX000", error?.message ?? "");
      return refusing.unjudged(unit, said, textOf(unit));
    }
    this.#take(unit, tried);
  }

  /** Answered once the cancel is over, so that it meets nothing that the client sends next. */
  #cancelled(unit: CommandUnit): void {
    const { turn, refusing } = this.#parts;
    const { cancelling } = turn;
    if (cancelling === null) return refusing.unjudged(unit, refusalOf("cancelled"), textOf(unit));
    turn.phase = "working";
    void cancelling.then(() => turn.resumeWith(() => this.#take(unit, {})));
  }
}
