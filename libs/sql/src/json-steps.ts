import { readColumnPath, readJsonPath, type JsonStep } from "@sallyport/contracts";
import { firstUserOid } from "./catalog.ts";
import { baseOf } from "./coercion.ts";
import type { Context } from "./context.ts";
import { nameOf } from "./names.ts";
import { resolveOperator } from "./resolve.ts";
import { integer, node, text, type Fields } from "./tree.ts";
import { namedType, type } from "./types.ts";
import type { Value } from "./value.ts";

const json: readonly number[] = [114, 3802];
const textArray = 1009;

/**
 * What `->`, `->>`, `#>` or `#>>` takes out of a json column: of the classified paths into it, those that the steps
 * provably pass by no longer feed it. INVARIANT (I3): only PostgreSQL's own operators with steps that are written out
 * are followed, so all else keeps every path.
 */
export function steppedInto(
  name: readonly string[],
  left: Value,
  right: { readonly value: Value; readonly expression: unknown },
  result: Value,
  context: Context,
): Value {
  const before = left.bare ? [] : left.within;
  if (before === undefined || left.columns.length === 0) return result;
  if (!json.includes(baseOf(context.catalog, left.type))) return result;
  const found = resolveOperator(context.names, nameOf(name), left.type, right.value.type);
  if (found.kind !== "certain") return result;
  const { item } = found;
  if (item.schema !== "pg_catalog" || item.oid >= firstUserOid) return result;
  const steps = stepsOf(item.name, item.right, right.expression, context);
  if (steps === null) return result;
  const within = [...before, ...steps];
  const columns = result.columns.filter((id) => meets(id, within));
  return { ...result, columns, within };
}

/** The steps of the operator's right side; null when it is no constant. */
function stepsOf(
  operator: string,
  rightType: number,
  expression: unknown,
  context: Context,
): readonly string[] | null {
  const constant = constantOf(expression, rightType, context);
  if (constant === null) return null;
  switch (operator) {
    case "->":
    case "->>":
      if (rightType === type.text && "sval" in constant)
        return [text((constant["sval"] as Fields)["sval"] ?? "")];
      if (rightType === type.int4 && "ival" in constant)
        return [String(integer((constant["ival"] as Fields)["ival"] ?? 0))];
      return null;
    case "#>":
    case "#>>": {
      if (rightType !== textArray || !("sval" in constant)) return null;
      const path = readJsonPath(text((constant["sval"] as Fields)["sval"] ?? ""));
      return path?.map((step) => (step.kind === "any" ? "*" : step.name)) ?? null;
    }
    default:
      return null;
  }
}

/** A literal, or one that is cast to exactly the type that the operator takes, as stored views write it. */
function constantOf(expression: unknown, wanted: number, context: Context): Fields | null {
  const { kind, fields } = node(expression);
  if (kind === "A_Const") return fields["isnull"] === true ? null : fields;
  if (kind !== "TypeCast") return null;
  const inner = node(fields["arg"]);
  const target = namedType(fields["typeName"], context);
  if (inner.kind !== "A_Const" || target.modified || target.type.oid !== wanted) return null;
  return inner.fields["isnull"] === true ? null : inner.fields;
}

/** A position in an array, as the operators read one. */
const position = /^\s*[+-]?\d+$/;

/**
 * Whether what lies at these steps could be, hold or be part of what the id's path names. A position of an array may
 * be any other, and names go through arrays, as in the masker.
 */
function meets(id: string, steps: readonly string[]): boolean {
  const path = readColumnPath(id)?.path;
  if (!path) return true;
  let reached = new Set([0]);
  for (const step of steps) reached = new Set([...reached].flatMap((at) => next(path, at, step)));
  return reached.size > 0;
}

function next(path: readonly JsonStep[], at: number, step: string): readonly number[] {
  const wanted = path[at];
  if (!wanted) return [at];
  if (wanted.kind === "any") return [at + 1];
  const numbered = position.test(step);
  const takes = wanted.name === step || (numbered && position.test(wanted.name));
  return [...(takes ? [at + 1] : []), ...(numbered ? [at] : [])];
}
