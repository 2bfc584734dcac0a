import type { Told } from "./analyse.ts";
import type { Context } from "./context.ts";
import { Opaque } from "./outcome.ts";
import { selectQuery } from "./select.ts";
import type { Fields } from "./tree.ts";
import { writeStatement } from "./writes.ts";

/** What one statement of a text asks, by its kind. */
export function selectStatement(
  kind: string,
  fields: Fields,
  context: Context,
  unsettled: string | null,
): Told {
  if (unsettled !== null) throw new Opaque(unsettled);
  switch (kind) {
    case "SelectStmt":
      return { columns: selectQuery(fields, null, context) };
    case "InsertStmt":
    case "UpdateStmt":
    case "DeleteStmt":
    case "MergeStmt":
      return { columns: writeStatement(kind, fields, null, context) };
    default:
      throw new Opaque(`a ${kind}`);
  }
}
