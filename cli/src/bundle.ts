import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { loadBundle, policyMistakeText, type Engine } from "@sallyport/cedar";
import { jsonPathText, readColumnPath, type Bundle, type PolicyFile } from "@sallyport/contracts";
import type { LoadedConfig } from "@sallyport/runtime";
import { qualified, splitQualified } from "@sallyport/sql";
import { CliError } from "./cli-error.ts";
import { operatorName } from "./operator-name.ts";

/**
 * What config and policy files give, linted as the policy service does. Throws with every mistake of the policies, and
 * of the columns' names: one that is written otherwise than quote_ident does would never be found in the target.
 */
export function readBundle(
  loaded: LoadedConfig,
  now: number,
): { readonly bundle: Bundle; readonly engine: Engine } {
  const { config } = loaded;
  const bundle: Bundle = {
    v: 1,
    type: "bundle",
    connections: config.connections,
    issuers: Object.keys(config.identity.issuers),
    approvers: config.approvals.groups,
    baseline: config.policies.baseline,
    policies: readFilesBelow(loaded.resolve(config.policies.directory), ".cedar"),
    applied: { at: now, by: operatorName(), from: loaded.file },
  };
  requireOwnSpelling(bundle);
  const read = loadBundle(bundle);
  if ("engine" in read) return { bundle, engine: read.engine };
  const { mistakes } = read;
  throw new CliError(
    `${mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`} in the policies:\n${mistakes
      .map((mistake) => `  ${join(config.policies.directory, policyMistakeText(mistake))}`)
      .join("\n")}`,
  );
}

function requireOwnSpelling({ connections }: Bundle): void {
  const wrong = Object.entries(connections).flatMap(([name, { columns }]) =>
    Object.keys(columns).flatMap((column) => {
      const read = readColumnPath(column);
      const path = read?.path ? `#>${jsonPathText(read.path)}` : "";
      const right = qualified(...(splitQualified(read?.column ?? column) ?? [])) + path;
      return right === column
        ? []
        : [`  connections.${name}.columns: \`${column}\` is written \`${right}\``];
    }),
  );
  if (wrong.length > 0)
    throw new CliError(
      `names must stand as PostgreSQL's quote_ident writes them:\n${wrong.join("\n")}`,
    );
}

/** Every file of that ending below the folder, in the order of their names; `file` is relative to it. */
export function readFilesBelow(directory: string, ending: string): PolicyFile[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => ({ file: relative(directory, path), text: readFileSync(path, "utf8") }));
}

/** What differs between two bundles, a line each; empty when they say the same. */
export function bundleChanges(before: Bundle | null, after: Bundle): string[] {
  const part = <T>(
    what: string,
    old: Readonly<Record<string, T>>,
    now: Readonly<Record<string, T>>,
  ): string[] =>
    [...new Set([...Object.keys(old), ...Object.keys(now)])].toSorted().flatMap((name) => {
      if (!Object.hasOwn(old, name)) return [`+ ${what} ${name}`];
      if (!Object.hasOwn(now, name)) return [`- ${what} ${name}`];
      return canonical(old[name]) === canonical(now[name]) ? [] : [`~ ${what} ${name}`];
    });
  const texts = (bundle: Bundle | null): Record<string, string> =>
    Object.fromEntries((bundle?.policies ?? []).map(({ file, text }) => [file, text]));
  const names = (bundle: Bundle | null): Record<string, true> =>
    Object.fromEntries((bundle?.issuers ?? []).map((name) => [name, true]));
  const changes = [
    ...part("issuer", names(before), names(after)),
    ...part("connection", before?.connections ?? {}, after.connections),
    ...part("approver group", before?.approvers ?? {}, after.approvers),
    ...part("policy file", texts(before), texts(after)),
  ];
  if (before?.baseline !== after.baseline)
    changes.push(`${before ? "~" : "+"} baseline ${after.baseline ? "on" : "off"}`);
  return changes;
}

/** JSON with the keys of every map in one order. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
