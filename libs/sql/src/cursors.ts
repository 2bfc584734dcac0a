import type { Operation } from "@sallyport/contracts";
import type { Told } from "./analyse.ts";
import type { Output } from "./analysis.ts";
import type { Catalog } from "./catalog.ts";
import type { Classification } from "./classification.ts";
import type { Context } from "./context.ts";
import { namesOf, type NameContext } from "./names.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { applies } from "./rules.ts";
import type { Inner } from "./statements.ts";
import { integer, known, knownFields, node, text, type Fields } from "./tree.ts";

/** What DECLARE, or Bind, put under a name. */
export interface Cursor {
  readonly operations: readonly Operation[];
  readonly outputs: readonly Output[];
  readonly touches: readonly string[];
  /** What names and columns meant then: its plan is fixed. */
  readonly names: WeakRef<object>;
  readonly classification: WeakRef<object>;
}

/** What Bind opened under a name, of a statement that was read with these names. */
export function portalCursor(
  { operations, outputs, touches }: Pick<Cursor, "operations" | "outputs" | "touches">,
  catalog: Catalog,
  names: NameContext,
  classified: Classification,
): Cursor {
  return {
    operations,
    outputs,
    touches,
    names: new WeakRef(namesOf(catalog, names)),
    classification: new WeakRef(classified),
  };
}

const cursorFields = knownFields("portalname", "options", "query");

/** CURSOR_OPT_HOLD (parsenodes.h). */
const holdOption = 0x20;

/** DECLARE asks what its query asks; FETCH asks it again. */
export function declareCursor(fields: Fields, context: Context, inner: Inner): Told {
  known(fields, "DeclareCursorStmt", cursorFields);
  const { kind, fields: query } = node(fields["query"]);
  const told = inner(kind, query);
  if (told.columns === null || told.opaque !== undefined)
    throw new Opaque("a cursor over what is no query");
  // WITH HOLD runs the rest at COMMIT, where nobody would ask what names mean afterwards.
  if (context.executes && (integer(fields["options"]) & holdOption) !== 0)
    throw new Opaque("a held cursor that runs what is not traced");
  return { columns: null, declares: { name: text(fields["portalname"]), columns: told.columns } };
}

export function fetchStatement(fields: Fields, context: Context): Told {
  known(
    fields,
    "FetchStmt",
    knownFields("direction", "howMany", "portalname", "ismove", "direction_keyword"),
  );
  const name = text(fields["portalname"]);
  const cursor = context.session.cursors.get(name);
  if (!cursor && !applies("names")) return { columns: null };
  if (!cursor && context.session.complete?.cursors)
    throw new Unresolved("34000", `cursor "${name}" does not exist`, -1);
  if (!cursor) throw new Opaque(`nobody knows what the cursor ${name} is`);
  const same =
    cursor.names.deref() === context.names &&
    cursor.classification.deref() === context.classification;
  if (!same) throw new Opaque(`the cursor ${name} was opened when names meant something else`);
  for (const operation of cursor.operations) context.asked.operations.add(operation);
  context.touch(cursor.touches);
  if (cursor.operations.some(({ action }) => action === "execute")) {
    context.executes = true;
    context.changesNames = true;
    context.untraced = true;
  }
  return { columns: null, outputs: fields["ismove"] === true ? null : cursor.outputs };
}
