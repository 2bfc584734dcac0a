import type { Dependents } from "./dependents.ts";
import type { ParseTree } from "./parser-instance.ts";

/** What the analyser knows of a target: plain data, built by `readCatalog`. */

/** Objects with a lower oid were made by initdb. */
export const firstUserOid = 16384;

export interface Column {
  readonly attnum: number;
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  readonly notNull: boolean;
  /** `''`, `s` stored, `v` virtual. */
  readonly generated: string;
  /** The default or generation expression as pg_get_expr prints it. */
  readonly default: string | null;
}

export interface Trigger {
  readonly functionOid: number;
  readonly onInsert: boolean;
  readonly onUpdate: boolean;
  readonly onDelete: boolean;
  readonly onTruncate: boolean;
}

/** A foreign key that refers to the relation under which it is listed. */
export interface IncomingForeignKey {
  readonly from: number;
  /** pg_constraint: a no action, r restrict, c cascade, n set null, d set default. */
  readonly onDelete: string;
  readonly onUpdate: string;
  readonly referencing: readonly number[];
  readonly referenced: readonly number[];
}

export interface ForeignKey {
  readonly to: number;
  readonly referencing: readonly number[];
  readonly referenced: readonly number[];
}

export interface StoredExpression {
  /** `not valid`: a CHECK or NOT NULL that rows from before it may break. */
  readonly kind: "check" | "not valid" | "index" | "policy" | "statistics" | "default";
  /** As PostgreSQL prints it under `catalogSettings`; an index's are several with commas between them. */
  readonly text: string;
}

/** An EXCLUDE constraint, or a unique index with expressions or a condition. */
export interface Excluding {
  readonly columns: readonly number[];
  readonly compared: readonly number[];
}

/** pg_class.relkind of what can be named in FROM or written to, composite types besides. */
export type RelationKind = "r" | "p" | "v" | "m" | "f" | "S" | "c";

export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly rowType: number;
  readonly rowSecurity: boolean;
  /** Rules other than a view's own. */
  readonly rules: boolean;
  /** Another transaction was changing it, so that its expressions and definition could not be read. */
  readonly unread: boolean;
  readonly columns: readonly Column[];
  /** Direct partition or inheritance parents and children, by oid. */
  readonly parents: readonly number[];
  readonly children: readonly number[];
  readonly triggers: readonly Trigger[];
  readonly referencedBy: readonly IncomingForeignKey[];
  /** Functions outside pg_catalog in constraints, index expressions and policies. */
  readonly reaches: readonly number[];
  /** The same of extended statistics, which ANALYZE runs. */
  readonly analysed: readonly number[];
  /** Texts of constraints, index expressions and policies, in which built-ins are called. */
  readonly expressions: readonly StoredExpression[];
  /** Of each index that keeps rows apart, the columns that it compares, in its expressions and condition too. */
  readonly unique: readonly (readonly number[])[];
  /** Of those that keep rows apart by something else than equal values: their columns, and which are so compared. */
  readonly excluding: readonly Excluding[];
  /** Columns of any index, those in expressions too. */
  readonly indexed: readonly number[];
  /** Foreign keys of its own. */
  readonly references: readonly ForeignKey[];
  /** Of a view or materialised view that people made: its query, every name in it qualified; else null. */
  readonly definition: string | null;
}

export interface Type {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_type.typtype: b base, c composite, d domain, e enum, p pseudo, r range, m multirange. */
  readonly kind: string;
  readonly category: string;
  readonly preferred: boolean;
  /** Of a domain. */
  readonly base: number;
  /** Of an array: what it holds. */
  readonly element: number;
  readonly array: number;
  readonly relation: number;
  /** Functions outside pg_catalog in a domain's constraints, and in its default. */
  readonly reaches: readonly number[];
  readonly defaults: readonly number[];
  /** What a domain's constraints and its default say. */
  readonly expressions: readonly StoredExpression[];
}

export interface Func {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly arguments: readonly number[];
  readonly result: number;
  /** i immutable, s stable, v volatile. */
  readonly volatility: string;
  readonly language: string;
  /** f function, p procedure, a aggregate, w window. */
  readonly kind: string;
  readonly securityDefiner: boolean;
  readonly leakproof: boolean;
  readonly returnsSet: boolean;
  readonly defaults: number;
  /** Element type of a trailing VARIADIC array, or 0. */
  readonly variadic: number;
  /** Names of OUT and TABLE columns with their types; empty when the result is one value. */
  readonly out: readonly { readonly name: string; readonly type: number }[];
  /** Of a function that people wrote in SQL; else null. */
  readonly body: FunctionBody | null;
}

export interface FunctionBody {
  /** Statements; of an atomic one, a CREATE FUNCTION with it, because it stands nowhere else. */
  readonly text: string;
  /** BEGIN ATOMIC or RETURN: names were resolved when it was made, and are qualified in `text`. */
  readonly atomic: boolean;
  /** It runs under settings of its own. */
  readonly configured: boolean;
  /** Null when an argument is null, without running. */
  readonly strict: boolean;
  /** Of the input parameters, "" where there is none. */
  readonly names: readonly string[];
}

export interface Operator {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** 0 for a prefix operator. */
  readonly left: number;
  readonly right: number;
  readonly result: number;
  readonly functionOid: number;
}

export interface Cast {
  readonly source: number;
  readonly target: number;
  readonly functionOid: number;
  /** i implicit, a assignment, e explicit. */
  readonly context: string;
  /** f function, i input/output, b binary coercible. */
  readonly method: string;
  readonly builtin: boolean;
}

export interface Catalog {
  /** server_version_num. */
  readonly version: number;
  /** The account may see every setting, those that hold passwords too. */
  readonly readsSettings: boolean;
  readonly schemas: ReadonlySet<string>;
  readonly relations: ReadonlyMap<number, Relation>;
  readonly types: ReadonlyMap<number, Type>;
  readonly functions: ReadonlyMap<number, Func>;
  readonly functionsByName: ReadonlyMap<string, readonly Func[]>;
  readonly operatorsByName: ReadonlyMap<string, readonly Operator[]>;
  /** Names of procedural languages; null: not read. */
  readonly languages: ReadonlySet<string> | null;
  readonly eventTriggers: readonly number[];
  /** It has a session's own temporary objects, under the schema `pg_temp`. */
  readonly temporary: boolean;
  /** What goes with an object by CASCADE; absent: not read. */
  readonly dependents?: Dependents;
  relation(schema: string, name: string): Relation | undefined;
  type(schema: string, name: string): Type | undefined;
  cast(source: number, target: number): Cast | undefined;
  /**
   * The parse tree of a `definition` or body, read by the target's own grammar; null when it could not be read.
   * `once`: not remembered, because the text is a client's.
   */
  stored(text: string, once?: "once"): ParseTree | null;
  /** Whether people made casts that run a function of theirs and apply without being written. */
  readonly userCasts: boolean;
  /** Whether people made a cast to that type that runs a function of theirs. */
  userCastTo(target: number): boolean;
}
