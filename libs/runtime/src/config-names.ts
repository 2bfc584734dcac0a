import {
  jsonPathText,
  readColumnPath,
  type Approvals,
  type Connection,
} from "@sallyport/contracts";
import type { z } from "zod";
import { splitColumnName } from "./column-name.ts";
import type { Finding } from "./config-meaning.ts";
import { pathMistake } from "./config-paths.ts";
import { webhookMistakes } from "./config-webhooks.ts";
import { didYouMean } from "./did-you-mean.ts";

/** `dialsHere`: the workers run beside this file, so the targets' passwords must lie here, too. */
export function connectionMistakes(
  name: string,
  connection: Connection,
  { directory, dialsHere }: { readonly directory: string; readonly dialsHere: boolean },
): Finding[] {
  const path = ["connections", name];
  const { target, credentials, columns } = connection;
  const findings: Finding[] = [];
  if (target.ca !== undefined) {
    findings.push(...pathMistake(directory, target.ca, [...path, "target", "ca"], "file"));
    if (target.tls !== "verify-full")
      findings.push({
        path: [...path, "target", "ca"],
        message: "`ca` is not used, because `tls` is not `verify-full`",
        hint: "leave `ca` out, or set `tls: verify-full`",
      });
  }
  if (dialsHere && credentials.password && "file" in credentials.password)
    findings.push(
      ...pathMistake(
        directory,
        credentials.password.file,
        [...path, "credentials", "password", "file"],
        "file",
      ),
    );
  for (const column of Object.keys(columns)) {
    const read = readColumnPath(column);
    const parts = splitColumnName(read?.column ?? column);
    if (read !== null && parts?.length === 3) {
      const written = read.path && `${read.column}#>${jsonPathText(read.path)}`;
      if (written === null || written === column) continue;
      findings.push({
        path: [...path, "columns"],
        key: column,
        message: `\`${column}\` is written otherwise in policies`,
        hint: `write \`${written}\``,
      });
      continue;
    }
    findings.push({
      path: [...path, "columns"],
      key: column,
      message: `\`${column}\` names no column`,
      hint: columnHint(column, parts),
    });
  }
  return findings;
}

function columnHint(column: string, parts: readonly string[] | null): string {
  if (column.includes("#>"))
    return "a path into a json column is written as PostgreSQL writes an array: `public.orders.doc#>{customer,email}`";
  if (parts?.length === 2) return `the schema is missing: did you mean \`public.${column}\`?`;
  if (parts === null && /[A-Z]/.test(column))
    return 'it takes `schema.table.column`; names with capitals stand in quotes: `public."Customers".email`';
  return "it takes `schema.table.column`, as quote_ident writes them: `public.customers.email`";
}

/** Groups and members are of issuers that the config names; webhooks can be told apart and are reached safely. */
export function approvalMistakes(
  approvals: z.output<typeof Approvals>,
  issuers: readonly string[],
): Finding[] {
  const findings: Finding[] = [];
  const check = (name: string, separator: string, finding: Pick<Finding, "path" | "key">): void => {
    const issuer = name.slice(0, name.indexOf(separator));
    if (issuers.includes(issuer)) return;
    const meant = didYouMean(issuer, issuers);
    findings.push({
      ...finding,
      message: `\`${name}\` is of the issuer \`${issuer}\`, which \`identity.issuers\` does not have`,
      hint:
        meant === undefined
          ? `possible are ${issuers.map((known) => `\`${known}\``).join(", ")}`
          : `did you mean \`${meant}${name.slice(issuer.length)}\`?`,
    });
  };
  for (const [group, { members }] of Object.entries(approvals.groups)) {
    check(group, "/", { path: ["approvals", "groups"], key: group });
    for (const [index, member] of members.entries())
      check(member, "#", { path: ["approvals", "groups", group, "members", index] });
  }
  findings.push(...webhookMistakes(approvals.notify));
  return findings;
}
