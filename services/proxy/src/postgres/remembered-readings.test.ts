import { expect, test } from "vitest";
import { openParser } from "@sallyport/sql";
import { catalog, classified } from "../../../../libs/sql/src/analysis.fixture.ts";
import { CatalogView } from "./catalog-view.ts";
import type { Prepared } from "./protocol-names.ts";
import type { Read } from "./read-text.ts";
import { recall, remember } from "./remembered-readings.ts";

const view = new CatalogView("shop", catalog, classified, await openParser(18));
const around = { view, names: { searchPath: ["pg_catalog", "public"] }, unprovable: null };

const prepared = (text: string): Prepared => ({
  name: "",
  text,
  types: [],
  segment: 1,
  order: 1,
  made: true,
  gone: false,
  previous: null,
  doubtful: false,
  unverified: false,
});

test("what is remembered of statements that are kept without number is let go of when it takes too much", async () => {
  const narrowly = await view.analyse("SELECT id FROM customers", around.names, [], null);
  const wide = `SELECT ${"c.*, ".repeat(200)}1 FROM customers c`;
  const widely = await view.analyse(wide, around.names, [], null);
  const remembered = (text: string, read: Read): Prepared => {
    const one = prepared(text);
    remember(one, around, read);
    return one;
  };
  const narrow = Array.from({ length: 2000 }, () =>
    remembered("SELECT id FROM customers", narrowly),
  );
  expect(narrow.every((one) => recall(one, around) !== null)).toBe(true);
  const kept = Array.from({ length: 1000 }, () => remembered(wide, widely));
  const still = kept.filter((one) => recall(one, around) !== null);
  expect(still.length).toBeLessThan(700);
  expect(still.at(-1)).toBe(kept.at(-1));
});
