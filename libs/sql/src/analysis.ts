import type { Operation } from "@sallyport/contracts";
import type { Place } from "./places.ts";
import type { Naming } from "./session-names.ts";

/** What the client will see in one output column. */
export type Output = { readonly name: string; readonly typeOid: number } & (
  | {
      /** A classified column as it is stored: its own maskers apply. */
      readonly kind: "column";
      /** The first of `columns`. */
      readonly column: string;
      /** Ids without the connection. More than one when a parent and a child are classified. */
      readonly columns: readonly string[];
      /** What RowDescription must say; 0 and 0 when it names no table. */
      readonly tableOid: number;
      readonly attnum: number;
    }
  | {
      /** Computed from classified columns: one constant when any of them is masked. */
      readonly kind: "computed";
      readonly columns: readonly string[];
    }
  | {
      /** Nothing classified is in it. RowDescription must say exactly that table and column; 0: none. */
      readonly kind: "plain";
      readonly tableOid: number;
      readonly attnum: number;
    }
);

export type TransactionEffect =
  | "begin"
  | "commit"
  | "rollback"
  | "savepoint"
  | "release"
  | "rollback-to"
  | "prepare"
  | "constraints"
  | "commit-prepared"
  | "rollback-prepared";

export interface Effects {
  /** Changes the catalog (an opaque one may): what follows in the same transaction needs a new one. */
  readonly ddl: boolean;
  readonly transaction?: TransactionEffect;
  /** Of savepoint, release and rollback-to. */
  readonly savepoint?: string;
  /**
   * May have changed search_path or role, or made temporary objects: ask the target again. So do the end
   * of a transaction and ROLLBACK TO after such a statement.
   */
  readonly names: boolean;
  /** What it does to the names of prepared statements and cursors of SQL, once it has run. */
  readonly naming?: readonly Naming[];
  readonly copy?: {
    readonly direction: "in" | "out";
    readonly format: "text" | "csv" | "binary";
    /** DELIMITER, NULL, HEADER … as written; absent ones have PostgreSQL's default for the format. */
    readonly options: Readonly<Record<string, string>>;
  };
}

export interface Statement {
  /** The parse node's name, such as `SelectStmt`. */
  readonly kind: string;
  readonly operations: readonly Operation[];
  /** Null: no rows, or not known because it is opaque. A COPY … TO STDOUT has the columns of its lines. */
  readonly outputs: readonly Output[] | null;
  /**
   * Ids of the classified columns that it touches, in whatever use, those of tables that it writes
   * included: while one of them may be masked for the principal, the target's texts are replaced.
   */
  readonly touches: readonly string[];
  readonly effects: Effects;
  /** Why it is opaque, or null. */
  readonly opaque: string | null;
  /** EXPLAIN: its text output shows conditions and (with ANALYZE) row counts. */
  readonly explain?: { readonly analyze: boolean };
}

/** What PostgreSQL sees in a text before it looks at any name in it. */
export interface TextForm {
  readonly statements: number;
  /** A failed transaction takes it: it is empty, or begins by ending that or going back in it. */
  readonly takenWhenFailed: boolean;
  /** Of the first statement: where alone it is taken. */
  readonly place: Place | null;
  /** Of the first statement: the highest number after a `$`. */
  readonly parameters: number;
}

export type Analysis = { readonly form: TextForm } & AnalysisResult;

type AnalysisResult =
  | {
      readonly kind: "analysed";
      readonly statements: readonly Statement[];
      /** Of all statements, without doubles, in an order that depends on nothing else. */
      readonly operations: readonly Operation[];
      /** Why a statement is opaque, or null when none is. */
      readonly opaque: string | null;
    }
  /** The target itself would refuse; the proxy says so without asking. `position` counts characters from 1; 0: none. */
  | {
      readonly kind: "unresolved";
      readonly sqlstate: string;
      readonly message: string;
      readonly position: number;
      readonly hint?: string;
    }
  /** Never permitted (a setting that changes parsing), or beyond the analyser's bounds. */
  | { readonly kind: "refused"; readonly sqlstate: string; readonly message: string };
