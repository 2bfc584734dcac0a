import type { Told } from "./analyse.ts";
import { copyStatement } from "./copy.ts";
import type { Context } from "./context.ts";
import { declareCursor, fetchStatement } from "./cursors.ts";
import { selectInto } from "./ddl-tables.ts";
import { explainStatement } from "./explain.ts";
import { Opaque } from "./outcome.ts";
import { executeStatement, prepareStatement } from "./prepared-queries.ts";
import { selectQuery } from "./select.ts";
import { forgetNames } from "./session-names.ts";
import { setStatement, showStatement } from "./settings.ts";
import { transactionStatement } from "./transactions.ts";
import type { Fields } from "./tree.ts";
import { freeStatements, utilityStatement } from "./utility.ts";
import { writeStatement } from "./writes.ts";
import { applies } from "./rules.ts";

/** Reads the statement within; in another context when one is given. */
export type Inner = (kind: string, fields: Fields, within?: Context) => Told;

/** What one statement of a text asks, by its kind. `unsettled`: why names cannot be resolved. */
export function readStatement(
  kind: string,
  fields: Fields,
  context: Context,
  unsettled: string | null,
): Told {
  switch (kind) {
    case "TransactionStmt":
      return transactionStatement(fields);
    // Runs what was deferred to the transaction's end.
    case "ConstraintsSetStmt":
      return {
        columns: null,
        effects: { ddl: false, names: false, transaction: "constraints" },
      };
    case "VariableSetStmt":
      return setStatement(fields, context);
    case "VariableShowStmt":
      return showStatement(fields, context);
    default: {
      const forgets = forgetNames(kind, fields);
      if (forgets) return forgets;
      const free = freeStatements.get(kind);
      if (free) return { columns: null, effects: { ddl: false, names: free.names } };
    }
  }
  if (unsettled !== null && applies("unsettled")) throw new Opaque(unsettled);
  const told = doubting(namedStatement(kind, fields, context), context);
  if (!context.changesNames || told.effects?.names) return told;
  return { ...told, effects: { ddl: false, ...told.effects, names: true } };
}

/** What runs untraced may have made or dropped prepared statements and cursors. */
function doubting(told: Told, context: Context): Told {
  if (!context.untraced) return told;
  const effects = { ddl: false, names: false, ...told.effects };
  return { ...told, effects: { ...effects, naming: [{ kind: "doubt" }] } };
}

function namedStatement(kind: string, fields: Fields, context: Context): Told {
  const inner: Inner = (innerKind, innerFields, within = context) =>
    namedStatement(innerKind, innerFields, within);
  switch (kind) {
    case "SelectStmt":
      return fields["intoClause"] === undefined
        ? { columns: selectQuery(fields, null, context) }
        : selectInto(fields, context);
    case "InsertStmt":
    case "UpdateStmt":
    case "DeleteStmt":
    case "MergeStmt":
      return { columns: writeStatement(kind, fields, null, context) };
    case "CopyStmt":
      return copyStatement(fields, context);
    case "ExplainStmt":
      return explainStatement(fields, context, inner);
    case "PrepareStmt":
      return prepareStatement(fields, context, inner);
    case "ExecuteStmt":
      return executeStatement(fields, context, inner);
    case "DeclareCursorStmt":
      return declareCursor(fields, context, inner);
    case "FetchStmt":
      return fetchStatement(fields, context);
    default:
      return utilityStatement(kind, fields, context);
  }
}
