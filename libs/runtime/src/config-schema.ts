import type { z } from "zod";
import { Connection, Issuer } from "@sallyport/contracts";
import type { ConfigMistake } from "./config-errors.ts";
import { keysAt } from "./config-json-schema.ts";
import type { ConfigPath, Places } from "./config-places.ts";
import { didYouMean } from "./did-you-mean.ts";
import { expectationsOf, inWords, pathText, valueText } from "./config-words.ts";

type Issue = z.core.$ZodIssue;

/** Mistakes against the schema: what is wrong, and what would be right. */
export function schemaMistakes(
  issues: readonly Issue[],
  value: unknown,
  places: Places,
): ConfigMistake[] {
  const flat = issues.flatMap((issue) => flatten(issue, [], value));
  const misspelt = new Set(
    flat.flatMap(({ kind, path, key }) => {
      const meant = kind === "unknown-key" ? didYouMean(key, keysAt(path)) : undefined;
      return meant === undefined ? [] : [pathText([...path, meant])];
    }),
  );
  return flat
    .filter(({ kind, path }) => kind !== "missing" || !misspelt.has(pathText(path)))
    .map((mistake) => describe(mistake, value, places));
}

interface Mistake {
  readonly kind: "unknown-key" | "bad-name" | "missing" | "wrong";
  /** Of the value, or of the map whose key it is. */
  readonly path: ConfigPath;
  readonly key: string;
  readonly expected: readonly string[];
}

/** Issues inside unions are taken from the branch that was meant, if one is nearer than the others. */
function flatten(issue: Issue, above: ConfigPath, root: unknown): Mistake[] {
  const path = [...above, ...issue.path];
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ kind: "unknown-key", path, key, expected: [] }));
  if (issue.code === "invalid_key") {
    const expected = issue.issues.flatMap((inner) => expectationsOf(inner, path));
    return [
      { kind: "bad-name", path: path.slice(0, -1), key: String(path.at(-1)), expected },
      ...underBadName(path, root),
    ];
  }
  const kind = valueAt(root, path) === undefined ? "missing" : "wrong";
  if (issue.code !== "invalid_union")
    return [{ kind, path, key: "", expected: expectationsOf(issue, path) }];

  const here = pathText(path);
  const branches = issue.errors.map((branch) =>
    branch.flatMap((inner) => flatten(inner, path, root)),
  );
  const [meant] = branches
    .filter((branch) => !branch.some((mistake) => isAt(mistake, here)))
    .toSorted((a, b) => a.length - b.length);
  if (meant) return meant;
  const expected = branches.flatMap((branch) =>
    branch.filter((mistake) => isAt(mistake, here)).flatMap((mistake) => mistake.expected),
  );
  return [{ kind, path, key: "", expected }];
}

const isAt = ({ kind, path }: Mistake, here: string): boolean =>
  (kind === "wrong" || kind === "missing") && pathText(path) === here;

/** zod does not look at the value of an entry whose name is wrong. */
function underBadName(path: ConfigPath, root: unknown): Mistake[] {
  const [first, second] = path;
  const schema =
    first === "connections"
      ? Connection
      : first === "identity" && second === "issuers"
        ? Issuer
        : null;
  const parsed = schema?.safeParse(valueAt(root, path));
  return parsed?.error?.issues.flatMap((issue) => flatten(issue, path, root)) ?? [];
}

function describe(
  { kind, path, key, expected }: Mistake,
  root: unknown,
  places: Places,
): ConfigMistake {
  const where = pathText(path);
  switch (kind) {
    case "unknown-key": {
      const known = keysAt(path);
      const meant = didYouMean(key, known);
      return {
        ...places.key(path, key),
        message: `unknown key \`${key}\`${where === "" ? "" : ` in \`${where}\``}`,
        hint:
          meant === undefined
            ? `possible are ${known.map((name) => `\`${name}\``).join(", ")}`
            : `did you mean \`${meant}\`?`,
      };
    }
    case "bad-name":
      return {
        ...places.key(path, key),
        message: `\`${key}\` cannot name an entry of \`${where}\``,
        hint: `it takes ${inWords(expected)}`,
      };
    case "missing":
      return {
        ...places.value(path),
        message: `\`${where}\` is missing`,
        hint: `it takes ${inWords(expected)}`,
      };
    case "wrong": {
      const value = valueAt(root, path);
      const words = expected.flatMap((text) => /^`(.*)`$/.exec(text)?.[1] ?? []);
      const meant = typeof value === "string" ? didYouMean(value, words) : undefined;
      return {
        ...places.value(path),
        message:
          where === "" ? "the file is no map of keys" : `\`${where}\` is ${valueText(value, path)}`,
        hint: meant === undefined ? `it takes ${inWords(expected)}` : `did you mean \`${meant}\`?`,
      };
    }
  }
}

function valueAt(root: unknown, path: ConfigPath): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}
