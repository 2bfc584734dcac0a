import type { Told } from "./analyse.ts";
import { copyStatement } from "./copy.ts";
import type { Context } from "./context.ts";
import { selectInto } from "./ddl-tables.ts";
import { explainStatement } from "./explain.ts";
import { Opaque } from "./outcome.ts";
import { selectQuery } from "./select.ts";
import { setStatement, showStatement } from "./settings.ts";
import { transactionStatement } from "./transactions.ts";
import type { Fields } from "./tree.ts";
import { freeStatements, utilityStatement } from "./utility.ts";
import { writeStatement } from "./writes.ts";

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
    case "VariableSetStmt":
      return setStatement(fields, context);
    case "VariableShowStmt":
      return showStatement(fields);
    default: {
      const free = freeStatements.get(kind);
      if (free) return { columns: null, effects: { ddl: false, names: free.names } };
    }
  }
  if (unsettled !== null) throw new Opaque(unsettled);
  const told = namedStatement(kind, fields, context);
  if (!context.changesNames || told.effects?.names) return told;
  return { ...told, effects: { ddl: false, ...told.effects, names: true } };
}

function namedStatement(kind: string, fields: Fields, context: Context): Told {
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
      return explainStatement(
        fields,
        (inner, innerFields) => namedStatement(inner, innerFields, context),
        (told) => {
          for (const { value } of told.columns ?? []) context.asked.use(value.columns, "output");
        },
      );
    default:
      return utilityStatement(kind, fields, context);
  }
}
