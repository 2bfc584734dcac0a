import type { Bundle, Connection } from "@sallyport/contracts";
import type { Complain } from "./annotations.ts";
import type { Literal } from "./literals.ts";
import { nearest } from "./nearest.ts";

/** Tags that are ours: relations that hold other tables' values, and secrets. */
export const builtinTags = ["builtin:values", "builtin:secrets"] as const;

/** What a bundle gives names to, so that a policy that names something else is refused. */
export interface Names {
  readonly connections: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
  readonly issuers: ReadonlySet<string>;
  /** Classified columns, as resource ids. */
  readonly columns: ReadonlySet<string>;
}

export function namesOf(bundle: Pick<Bundle, "connections" | "issuers">): Names {
  const all: [string, Connection][] = Object.entries(bundle.connections);
  return {
    connections: new Set(all.map(([name]) => name)),
    issuers: new Set(bundle.issuers),
    columns: new Set(
      all.flatMap(([name, { columns }]) => Object.keys(columns).map((c) => `${name}/${c}`)),
    ),
    tags: new Set([
      ...builtinTags,
      ...all.flatMap(([, { tags, columns }]) => [...tags, ...Object.values(columns).flat()]),
    ]),
  };
}

/** Complains about a named entity that cannot be there. Tables, schemas and functions live in the target. */
export function lintName({ type, id }: Literal, names: Names, complain: Complain): void {
  switch (type) {
    case "Connection":
      if (!names.connections.has(id))
        complainUnknown("connection", id, names.connections, complain);
      return;
    case "Tag":
      if (!names.tags.has(id)) complainUnknown("tag", id, names.tags, complain);
      return;
    case "Group":
      lintIssuer("group", id, "/", names, complain);
      return;
    case "Workload":
    case "Person":
      lintIssuer(type.toLowerCase(), id, "#", names, complain);
      return;
    case "Column":
      if (!names.columns.has(id))
        complain(
          `column \`${id}\` is not classified`,
          didYouMean(id, names.columns) ??
            "give it a tag under `columns` of its connection; all other columns are asked as their table",
        );
      return;
    case "Schema":
    case "Table":
    case "Function": {
      const connection = /^[^/]*/.exec(id)?.[0] ?? "";
      if (!id.includes("/"))
        complain(
          `${type.toLowerCase()} \`${id}\` has no connection`,
          `write ${type}::"connection/${type === "Schema" ? "schema" : "schema.name"}"`,
        );
      else if (!names.connections.has(connection))
        complainUnknown("connection", connection, names.connections, complain);
      return;
    }
    default:
  }
}

/** `group` of a hold. */
export const lintGroup = (id: string, names: Names, complain: Complain): void =>
  lintIssuer("group", id, "/", names, complain);

function lintIssuer(
  what: string,
  id: string,
  separator: string,
  names: Names,
  complain: Complain,
): void {
  const at = id.indexOf(separator);
  if (at <= 0 || at === id.length - 1) {
    complain(`${what} \`${id}\` has no issuer`, `write it as \`issuer${separator}name\``);
    return;
  }
  const issuer = id.slice(0, at);
  if (!names.issuers.has(issuer))
    complain(
      `the issuer of ${what} \`${id}\` is unknown`,
      `issuers are ${list(names.issuers)}; a ${what} is always of its issuer`,
    );
}

function complainUnknown(
  what: string,
  id: string,
  choices: ReadonlySet<string>,
  complain: Complain,
): void {
  complain(`unknown ${what} \`${id}\``, didYouMean(id, choices) ?? `known are ${list(choices)}`);
}

function didYouMean(id: string, choices: ReadonlySet<string>): string | undefined {
  const meant = nearest(id, choices);
  return meant === undefined ? undefined : `did you mean \`${meant}\`?`;
}

const list = (choices: ReadonlySet<string>): string =>
  choices.size === 0
    ? "none"
    : [...choices]
        .toSorted()
        .map((name) => `\`${name}\``)
        .join(", ");
