import { type Catalog, type Func, type Relation } from "./catalog.ts";
import type { Classification } from "./classification.ts";
import { callsIn, isHarmless, leavesSession } from "./harmless.ts";
import type { Names } from "./names.ts";
import type { Asked } from "./operations.ts";
import { Forbidden, Opaque, TooComplex, Unresolved } from "./outcome.ts";
import { noNames, type SessionNames } from "./session-names.ts";
import type { Value } from "./value.ts";
import { applies, type Rule } from "./rules.ts";

/** Deeper statements are refused: the analyser recurses. */
const maxDepth = 1200;
/** Nodes visited in one statement; iterating recursive CTEs counts each time. */
const maxSteps = 400_000;
/** Steps between two looks at the time; a power of two. */
const looksEvery = 64;

const tooLong =
  "the statement takes too long to be analysed; split it, or name fewer columns and tables";

const untraceable = [Opaque, Unresolved, Forbidden];

/** The state of one statement's analysis. */
export class Context {
  readonly names: Names;
  readonly classification: Classification;
  readonly asked: Asked;
  parameterTypes: readonly number[];
  /** Whether something ran whose doings are unknown: its outputs count as fed by every classified column. */
  executes = false;
  /** Whether it may have changed search_path, role or temporary objects. */
  changesNames = false;
  /** Whether code ran that could have done anything to the session: its settings, prepared statements and cursors. */
  untraced = false;
  /** Whether the planner may compute what it reads from tables already: an EXPLAIN then shows it. */
  readsWhenPlanned = false;
  /** In how many places any setting may be read, less those that turned out to read one that holds no secret. */
  settingsRead = 0;
  /** What the session's own names stand for. */
  session: SessionNames = noNames;
  /** An EXECUTE is a Bind of the protocol. */
  bound = false;
  /** What `$1` … are inside a function's body, or in a statement that EXECUTE runs. */
  parameters: readonly Value[] | null = null;
  /** The name of the only column of each subquery that stands for a value, by its SubLink. */
  readonly subqueryNames = new WeakMap<object, string>();
  /** Functions in whose bodies this is, by oid. */
  readonly callers: readonly number[];
  /** Names of the session, for bodies that are resolved where they run; null in a view, and under another role. */
  readonly sessionNames: Names | null;
  readonly #bounds: { depth: number; steps: number; exhausted: () => boolean };

  constructor(
    names: Names,
    classification: Classification,
    asked: Asked,
    parameterTypes: readonly number[],
    inside:
      | {
          readonly caller: Context;
          readonly callers: readonly number[];
          readonly sessionNames: Names | null;
        }
      | "view"
      | null = null,
  ) {
    this.names = names;
    this.classification = classification;
    this.asked = asked;
    this.parameterTypes = parameterTypes;
    const caller = inside === "view" ? null : (inside?.caller ?? null);
    this.callers = inside === "view" ? [] : (inside?.callers ?? []);
    this.sessionNames = inside === "view" ? null : inside ? inside.sessionNames : names;
    this.#bounds = caller ? caller.#bounds : { depth: 0, steps: 0, exhausted: () => false };
  }

  /** Ends the analysis once that says so. */
  endWhen(exhausted: () => boolean): void {
    this.#bounds.exhausted = exhausted;
  }

  /** @throws TooComplex when the analysis is to end */
  refuseLong(): void {
    if (this.#bounds.exhausted()) throw new TooComplex(tooLong);
  }

  /** Ends when the other one would. */
  endWith(other: Context): void {
    this.#bounds.exhausted = other.#bounds.exhausted;
  }

  get catalog(): Catalog {
    return this.names.catalog;
  }

  /** Runs `step` one level deeper, within bounds. */
  within<T>(step: () => T): T {
    const bounds = this.#bounds;
    bounds.depth += 1;
    bounds.steps += 1;
    if (bounds.depth > maxDepth) throw new TooComplex("the statement is nested too deeply");
    if (bounds.steps > maxSteps) throw new TooComplex("the statement is too large to be analysed");
    if (bounds.steps % looksEvery === 0) this.refuseLong();
    const result = step();
    bounds.depth -= 1;
    return result;
  }

  /** Runs what may turn out to be opaque without ending the analysis: null then. */
  attempt<T>(step: () => T): T | null {
    const { depth } = this.#bounds;
    try {
      return step();
    } catch (error) {
      // What fails in a stored text fails when it runs, or is not followed here.
      if (!untraceable.some((kind) => error instanceof kind)) throw error;
      this.#bounds.depth = depth;
      return null;
    }
  }

  /** Asks also what was asked there: the query of a view, the body of a function. */
  include(other: Context): void {
    for (const operation of other.asked.operations.list()) this.asked.operations.add(operation);
    this.touch([...other.asked.touched]);
    this.see([...other.asked.seen]);
    this.readsWhenPlanned ||= other.readsWhenPlanned;
    this.settingsRead += other.settingsRead;
    this.executes ||= other.executes;
    this.changesNames ||= other.changesNames;
    this.untraced ||= other.untraced;
  }

  /** Something is decided by these columns. */
  decide(columns: readonly string[], rule: Rule): void {
    if (applies(rule)) this.asked.use(columns, "predicate");
  }

  /** What is in these columns is kept somewhere else. */
  keep(columns: readonly string[], rule: Rule): void {
    if (applies(rule)) this.asked.use(columns, "write");
  }

  /** Whether a value is in these columns shows. */
  lookUp(columns: readonly string[], rule: Rule): void {
    if (!applies(rule)) return;
    this.touch(columns);
    this.asked.use(columns, "lookup");
  }

  touch(columns: readonly string[]): void {
    for (const id of columns) this.asked.touched.add(id);
  }

  /** These columns are read, so that a plan tells of them. */
  see(columns: readonly string[]): void {
    this.touch(columns);
    for (const id of columns) this.asked.seen.add(id);
  }

  execute(func: Func, rule: Rule): void {
    if (!applies(rule)) return;
    this.asked.act("execute", this.asked.resources.function(func));
    this.executes = true;
    if (leavesSession(func)) return this.touch(this.classification.all);
    this.changesNames = true;
    this.untraced = true;
    this.touch(this.classification.all);
  }

  /** Asks `execute` for what is not harmless among functions that are reached by oid. */
  reach(oids: readonly number[], rule: Rule): void {
    for (const oid of oids) {
      const func = this.catalog.functions.get(oid);
      if (!func) throw new Opaque("a function or operator class that the catalog does not have");
      if (!isHarmless(func)) this.execute(func, rule);
    }
  }

  /** The same for what the text of a default, constraint, index or policy calls. */
  reachExpression(expression: string, rule: Rule): void {
    for (const name of callsIn(expression)) {
      for (const func of this.catalog.functionsByName.get(name) ?? []) {
        if (func.schema === "pg_catalog" && !isHarmless(func) && !safeDefaults.has(func.name)) {
          this.execute(func, rule);
        }
      }
    }
  }

  reachRelation(relation: Relation, rule: Rule = "stored"): void {
    this.reach(relation.reaches, rule);
    for (const { kind, text } of relation.expressions)
      if (kind !== "statistics") this.reachExpression(text, rule);
  }
}

/** Volatile built-ins that a default may call: they change no more than the sequence behind the column. */
const safeDefaults = new Set(["nextval"]);
