import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { configJsonSchema, errorsDocument } from "./index.ts";

const page = (file: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../docs/${file}`, import.meta.url)), "utf8");

test("docs/errors.md is in sync with the catalogue (`npm run docs` writes it)", () => {
  expect(page("errors.md")).toBe(errorsDocument());
});

test("docs/sallyport.schema.json is in sync with the config schema (`npm run docs` writes it)", () => {
  expect(JSON.parse(page("sallyport.schema.json"))).toEqual(configJsonSchema());
});

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

/** Keys at any depth that say nothing of themselves. */
const undescribed = (node: Node, path: string): string[] => [
  ...Object.entries(node.properties ?? {}).flatMap(([key, value]) => [
    ...(value.description === undefined ? [`${path}${key}`] : []),
    ...undescribed(value, `${path}${key}.`),
  ]),
  ...(typeof node.additionalProperties === "object"
    ? undescribed(node.additionalProperties, `${path}*.`)
    : []),
  ...(node.items ? undescribed(node.items, path) : []),
  ...(node.anyOf ?? []).flatMap((one) => undescribed(one, path)),
];

test("the schema says of every key what it is for", () => {
  expect(undescribed(configJsonSchema() as Node, "")).toEqual([]);
});
