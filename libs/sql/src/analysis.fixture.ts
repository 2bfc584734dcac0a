import { readFileSync } from "node:fs";
import { analyse, type Subject } from "./analyse.ts";
import type { Analysis } from "./analysis.ts";
import { openParser } from "./parser.ts";
import type { CatalogRows } from "./read-catalog.ts";
import { noNames, renamed, type SessionNames } from "./session-names.ts";
import { openCatalog } from "./stored-texts.ts";

const parser = await openParser(18);

/** Rows as PostgreSQL 18 gave them for a small shop, the system's own cut down to what the tests name. */
export const catalog = await openCatalog(
  JSON.parse(
    readFileSync(new URL("./fixtures/catalog-18.json", import.meta.url), "utf8"),
  ) as CatalogRows,
  parser,
);

export const classified = {
  "public.customers.email": ["pii"],
  "public.customers.card_number": ["pii", "pci"],
  "public.archive.secret": ["pii"],
  "public.events.detail": ["pii"],
};

export async function read(text: string, over: Partial<Subject> = {}): Promise<Analysis> {
  const parsed = await parser.parse(text);
  if (parsed.kind !== "tree") throw new Error(parsed.message);
  return analyse(parsed.tree, {
    connection: "shop",
    catalog,
    names: { searchPath: ["pg_catalog", "public"] },
    classified,
    text,
    ...over,
  });
}

/** `read:lookup public.customers.email`, `delete+where public.orders`, one a line in canonical order. */
export async function asks(text: string, over: Partial<Subject> = {}): Promise<string[]> {
  const analysis = await read(text, over);
  if (analysis.kind !== "analysed") return [`${analysis.kind}: ${analysis.message}`];
  return analysis.operations.map(({ action, resource, use, where }) => {
    const how = use ? `:${use}` : where === undefined ? "" : where ? "+where" : "-where";
    return `${action}${how} ${resource.id.replace(/^shop\/?/, "")}`.trimEnd();
  });
}

/** `email=column(public.customers.email)`, `upper=computed(…)`, `id`. */
export async function shows(text: string): Promise<string[]> {
  const analysis = await read(text);
  if (analysis.kind !== "analysed") return [`${analysis.kind}: ${analysis.message}`];
  return (analysis.statements[0]?.outputs ?? []).map((output) =>
    output.kind === "plain"
      ? output.name
      : `${output.name}=${output.kind}(${output.columns.join()})`,
  );
}

/** What a session's names stand for after these statements have run. */
export async function after(text: string): Promise<SessionNames> {
  const analysis = await read(text);
  if (analysis.kind !== "analysed") throw new Error(analysis.kind);
  return analysis.statements.reduce(
    (names, { effects }) => renamed(names, effects.naming ?? []),
    noNames,
  );
}
