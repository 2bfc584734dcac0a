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
