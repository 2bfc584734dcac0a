/** A step of a path into a json document: a member's name or an element's position, or any of them. */
export type JsonStep = { readonly kind: "name"; readonly name: string } | { readonly kind: "any" };

/** A classified column's id taken apart: `public.orders.doc#>{customer,email}`. */
export interface ColumnPath {
  /** `schema.table.column`, as written. */
  readonly column: string;
  /** Null: the whole column. */
  readonly path: readonly JsonStep[] | null;
}

const deepest = 32;
const plainStep = /^[^{}",\\\s*]+$/;

/** Null when what follows `#>` is no path. The column's own name is not looked at. */
export function readColumnPath(id: string): ColumnPath | null {
  const at = separator(id);
  if (at === -1) return { column: id, path: null };
  const path = readJsonPath(id.slice(at + 2));
  return path && { column: id.slice(0, at), path };
}

/** The first `#>` outside quotes; -1 when there is none. */
function separator(id: string): number {
  let quoted = false;
  for (let at = 0; at < id.length; at++) {
    if (id[at] === '"') quoted = !quoted;
    else if (!quoted && id.startsWith("#>", at)) return at;
  }
  return -1;
}

/**
 * `{customer,email}`, as PostgreSQL writes an array of texts: a step with other characters stands in quotes. `*`
 * without quotes is any member or element. Null for anything else, and for more than 32 steps.
 */
export function readJsonPath(text: string): readonly JsonStep[] | null {
  if (!text.startsWith("{") || !text.endsWith("}")) return null;
  const step = /("(?:[^"\\]|\\["\\])+"|[^{}",\\\s]+)(,|\}$)/y;
  const steps: JsonStep[] = [];
  step.lastIndex = 1;
  while (step.lastIndex < text.length) {
    const [, written = "", end] = step.exec(text) ?? [];
    if (written === "" || steps.length === deepest) return null;
    if (written === "*") steps.push({ kind: "any" });
    else if (written.startsWith('"'))
      steps.push({ kind: "name", name: written.slice(1, -1).replace(/\\(.)/g, "$1") });
    else steps.push({ kind: "name", name: written });
    if (end === "}") return steps;
  }
  return null;
}

/** The one way in which a path is written in ids. */
export const jsonPathText = (path: readonly JsonStep[]): string =>
  `{${path.map((step) => (step.kind === "any" ? "*" : nameText(step.name))).join(",")}}`;

const nameText = (name: string): string =>
  plainStep.test(name) && name.toUpperCase() !== "NULL"
    ? name
    : `"${name.replace(/["\\]/g, "\\$&")}"`;
