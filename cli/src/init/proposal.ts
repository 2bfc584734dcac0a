import { jsonPathText, type DetectorName } from "@sallyport/contracts";
import { detect } from "@sallyport/masking";
import { qualified } from "@sallyport/sql";
import type { SeenColumn } from "./read-target.ts";

/** What a column is thought to hold: its tags are `tag` and the sort. */
export interface Proposal {
  /** As config names it, perhaps with a path. */
  readonly column: string;
  readonly tags: readonly string[];
  readonly masker: string;
  /** From 0 to 1. */
  readonly confidence: number;
  readonly reason: string;
}

interface Sort {
  readonly tag: string;
  readonly sort: string;
  readonly masker: string;
}

const sorts = {
  email: { tag: "pii", sort: "email", masker: "email" },
  phone: { tag: "pii", sort: "phone", masker: "partial:2" },
  card: { tag: "pci", sort: "card", masker: "partial" },
  iban: { tag: "pii", sort: "iban", masker: "partial" },
  "national-id": { tag: "pii", sort: "national-id", masker: "redact" },
  secret: { tag: "secret", sort: "credential", masker: "null" },
  name: { tag: "pii", sort: "person-name", masker: "redact" },
  address: { tag: "pii", sort: "address", masker: "redact" },
  birth: { tag: "pii", sort: "birth-date", masker: "date:year" },
  income: { tag: "pii", sort: "income", masker: "round:1000" },
} as const satisfies Readonly<Record<string, Sort>>;
type SortName = keyof typeof sorts;

/** Words of a column's name, `firstName` and `first_name` alike. */
const named: readonly (readonly [RegExp, SortName])[] = [
  [/\b(e ?mail)\b/, "email"],
  [/\b(phone|telephone|tel|mobile|cell|fax|msisdn)\b/, "phone"],
  [/\b(card (number|no|num)|cc (number|no|num)|credit card|pan|card)\b/, "card"],
  [/\b(iban|bank account|account (number|no))\b/, "iban"],
  [
    /\b(ssn|social security|national id|tax id|passport|pesel|nir|cpf|personnummer|dni)\b/,
    "national-id",
  ],
  [/\b(password|passwd|pwd|secret|token|api ?key|private key|credential|otp|pin)s?\b/, "secret"],
  [
    /\b(first|last|full|middle|family|given|maiden) ?name\b|\b(surname|firstname|lastname)\b/,
    "name",
  ],
  [/\b(address|street|postcode|postal code|zip|zip code)\b/, "address"],
  [/\b(birth|birthday|birthdate|born|dob)\b/, "birth"],
  [/\b(salary|income|wage)\b/, "income"],
];
const ofText: readonly SortName[] = [
  "email",
  "phone",
  "card",
  "iban",
  "national-id",
  "secret",
  "name",
  "address",
];
const dates = /^(date|timestamp)/;
const numbers = /^(smallint|integer|bigint|numeric|real|double|money)/;
const textual = /^(text|character|name|citext|json)/;

const detectors: readonly DetectorName[] = [
  "card",
  "email",
  "iban",
  "phone",
  "national-id",
  "secret",
];
/** Below this share of the values a find says little about the column. */
const enough = 0.05;

/** What of a database should be classified, most certain first in its table's order. */
export const propose = (columns: readonly SeenColumn[]): Proposal[] =>
  columns.flatMap((column) => {
    const id = qualified(column.schema, column.table, column.name);
    if (column.json) return ofDocuments(id, column);
    const found = judged(id, column.name, column.type, column.values);
    return found ? [found] : [];
  });

function judged(
  id: string,
  name: string,
  type: string,
  values: readonly string[],
): Proposal | null {
  const byName = sortByName(name, type);
  const content = sortByContent(values);
  if (content && content.sort === byName)
    return proposal(id, content.sort, 0.95, `its name, and ${content.said}`);
  if (content && content.share >= 0.5) return proposal(id, content.sort, 0.9, content.said);
  if (byName) return proposal(id, byName, 0.7, "its name");
  return content ? proposal(id, content.sort, 0.5, content.said) : null;
}

const proposal = (column: string, name: SortName, confidence: number, reason: string): Proposal => {
  const { tag, sort, masker } = sorts[name];
  return { column, tags: [tag, sort], masker, confidence, reason };
};

function sortByName(name: string, type: string): SortName | null {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/[^\p{L}\d]+/gu, " ")
    .toLowerCase();
  const found = named.find(([pattern]) => pattern.test(words))?.[1];
  if (found === undefined) return null;
  if (found === "birth") return dates.test(type) ? found : null;
  if (found === "income") return numbers.test(type) ? found : null;
  return ofText.includes(found) && textual.test(type) ? found : null;
}

/** What is found in the most values. */
function sortByContent(
  values: readonly string[],
): { readonly sort: DetectorName; readonly share: number; readonly said: string } | null {
  const counts = new Map<DetectorName, number>();
  for (const value of values)
    for (const name of new Set(detect(value, detectors).map(({ detector }) => detector)))
      counts.set(name, (counts.get(name) ?? 0) + 1);
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
  if (!most || most[1] / values.length < enough) return null;
  const [sort, count] = most;
  return {
    sort,
    share: count / values.length,
    said: `${count} of ${values.length} values look like it`,
  };
}

const deepest = 8;
const mostPaths = 200;

/** Strings of documents, by the names that lead to them. */
function ofDocuments(id: string, { values }: SeenColumn): Proposal[] {
  const byPath = new Map<string, { name: string; texts: string[] }>();
  const walk = (value: unknown, path: readonly string[]): void => {
    if (Array.isArray(value)) return value.forEach((one) => walk(one, path));
    if (typeof value === "object" && value !== null) {
      if (path.length < deepest)
        for (const [name, one] of Object.entries(value))
          if (name !== "") walk(one, [...path, name]);
      return;
    }
    if (typeof value !== "string" || path.length === 0) return;
    const text = jsonPathText(path.map((name) => ({ kind: "name", name })));
    const known = byPath.get(text) ?? { name: path.at(-1) ?? "", texts: [] };
    known.texts.push(value);
    if (byPath.has(text) || byPath.size < mostPaths) byPath.set(text, known);
  };
  for (const value of values) walk(parsed(value), []);
  return [...byPath].flatMap(([path, { name, texts }]) => {
    const found = judged(`${id}#>${path}`, name, "text", texts);
    return found ? [found] : [];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
