import type { NameContext } from "@sallyport/sql";

/**
 * The row of the own statement `read-names`: schemas as JSON, current user, session user, and the settings
 * that fix how text is read. Null when the row is another one, or when a setting is not what the parser
 * assumes.
 */
export function readNames(row: readonly (string | null)[]): NameContext | null {
  const [schemas, role, , conforming, quote] = row;
  if (!schemas || !role || conforming !== "on" || quote === "on") return null;
  const searchPath: unknown = JSON.parse(schemas);
  if (!Array.isArray(searchPath) || !searchPath.every((one) => typeof one === "string"))
    return null;
  const tempSchema = searchPath.find((schema) => schema.startsWith("pg_temp_"));
  return { searchPath, role, ...(tempSchema !== undefined && { tempSchema }) };
}
