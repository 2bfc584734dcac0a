import { firstUserOid } from "./catalog.ts";
import type { Context } from "./context.ts";
import { fieldsIn, isFields, list, node, strings, type Fields } from "./tree.ts";

function* nodesIn(tree: unknown): Generator<readonly [kind: string, fields: Fields]> {
  for (const fields of fieldsIn(tree))
    for (const [kind, value] of Object.entries(fields)) if (isFields(value)) yield [kind, value];
}

const lastOf = (names: unknown): string => {
  const all = list(names).map((item) => node(item));
  const last = all.at(-1);
  return last?.kind === "String" ? (strings(names).at(-1) ?? "") : "";
};

const isMade = ({ oid }: { readonly oid: number }): boolean => oid >= firstUserOid;

/** Whether some call or operator in it has a name that people gave to code of theirs, in whatever schema. */
export function callsMade(tree: unknown, { catalog }: Context): boolean {
  for (const [kind, fields] of nodesIn(tree)) {
    const functions = kind === "FuncCall" ? catalog.functionsByName : null;
    if (functions?.get(lastOf(fields["funcname"]))?.some(isMade)) return true;
    const named = fields["operName"] ?? (kind === "A_Expr" ? fields["name"] : undefined);
    if (named !== undefined && catalog.operatorsByName.get(lastOf(named))?.some(isMade))
      return true;
  }
  return false;
}

/** Whether names in it mean the same under every search_path: relations with their schema, nothing that people call as PostgreSQL does. */
export function fixedNames(tree: unknown, context: Context): boolean {
  if (callsMade(tree, context)) return false;
  const types = new Set<string>();
  for (const [kind, fields] of nodesIn(tree)) {
    if (kind === "RangeVar" && fields["schemaname"] === undefined) return false;
    if ((kind === "relation" || kind === "rel") && fields["relname"] !== undefined)
      if (fields["schemaname"] === undefined) return false;
    if (kind === "TypeName" || kind === "typeName")
      if (list(fields["names"]).length === 1) types.add(lastOf(fields["names"]));
  }
  if (types.size === 0) return true;
  return ![...context.catalog.types.values()].some((type) => isMade(type) && types.has(type.name));
}
