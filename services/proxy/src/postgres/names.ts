import type { NameContext } from "@sallyport/sql";

const namesOf = (json: string | null | undefined): string[] => {
  const names: unknown = json ? JSON.parse(json) : [];
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
};

/**
 * The row of the own statement `read-names`: schemas as JSON, current user, session user, the settings that fix how
 * text is read, the names of temporary relations and types as JSON, where new objects go, the names of the
 * protocol's prepared statements as JSON, and the number of those of SQL. Null when the row is another one, or when a
 * setting is not what the parser assumes. (With `client_encoding` UTF8, every backslash_quote but `off` is the same, and
 * under that more is an error.)
 */
export function readNames(row: readonly (string | null)[]): NameContext | null {
  const [schemas, role, , conforming, , temporary, creation] = row;
  if (!schemas || !role || conforming !== "on") return null;
  const searchPath: unknown = JSON.parse(schemas);
  if (!Array.isArray(searchPath) || !searchPath.every((one) => typeof one === "string"))
    return null;
  const tempSchema = searchPath.find((schema) => schema.startsWith("pg_temp_"));
  const names = { searchPath, role, ...(creation && { creation }) };
  if (tempSchema === undefined) return names;
  return { ...names, tempSchema, temporary: namesOf(temporary) };
}

/** Of the same row: the names of the protocol's prepared statements at the target, and how many SQL has made. */
export const preparedNames = (
  row: readonly (string | null)[],
): { readonly protocol: ReadonlySet<string>; readonly sql: number } => ({
  protocol: new Set(namesOf(row[7])),
  sql: Number(row[8]),
});
