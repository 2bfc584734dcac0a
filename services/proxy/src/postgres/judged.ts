import type { CommandKind, Operation, Parameter } from "@sallyport/contracts";
import type { Naming, Output } from "@sallyport/sql";
import type { CopyOptions, Format } from "@sallyport/pgwire";
import type { Refusal } from "./refusal.ts";
import type { ColumnKnowledge } from "./result-shape.ts";
import type { Prepared } from "./protocol-names.ts";

/** What the session must do when a command has run. */
export interface Effects {
  /** It may have changed the target's catalog. */
  readonly ddl: boolean;
  /** It may have changed search_path or the role. */
  readonly names: boolean;
  /** It begins, ends or goes back in a transaction. */
  readonly transaction: boolean;
  /** It may take COPY data from the client. */
  readonly copyIn: boolean;
  /** It may have done anything to the names of prepared statements and portals. */
  readonly renames: boolean;
  /** What each statement does to those names by SQL; empty when none does anything. */
  readonly naming: readonly (readonly Naming[])[];
}

/** A COPY … TO STDOUT. */
export interface CopyOut {
  /** Null: they are not known. */
  readonly columns: readonly Output[] | null;
  readonly format: "text" | "csv" | "binary";
  readonly options: CopyOptions;
}

/** What a command's texts ask: the same each time that they are asked while catalog and names are the same. */
export interface Asked {
  readonly kind: CommandKind;
  readonly text: string;
  readonly operations: readonly Operation[];
  /** Output columns of each statement of a query string, or of the one portal; null: none, or unknown. */
  readonly outputs: readonly (readonly Output[] | null)[];
  /** By statement as `outputs`; null where it is no COPY … TO STDOUT. */
  readonly copies: readonly (CopyOut | null)[];
  /** Ids (without the connection) of the classified columns that it touches in any way, those of tables that it writes included. */
  readonly touches: ReadonlySet<string>;
  /** Why its operations cannot all be proven. */
  readonly opaque: string | null;
  /** What the target would say of it, as far as we know it: a client that may not ask the target hears that. */
  readonly unresolved: Refusal | null;
  readonly effects: Effects;
  /** Text and operations as they stand in a command's line. */
  readonly written: string;
}

/** A command with its operations: what is published, and what its results must look like. */
export interface Judged extends Asked {
  readonly parameters: readonly Parameter[];
  /** Formats of the portal's result columns; empty for a query string (all text). */
  readonly resultFormats: readonly Format[];
  /** The prepared statement of the executed portal. */
  readonly portalStatement: Prepared | null;
  /** What tells of its results' columns; null: the target's catalog as it was read last. */
  readonly knows: ColumnKnowledge | null;
}
