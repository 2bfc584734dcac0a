import { expect, test } from "vitest";
import { openParser } from "@sallyport/sql";
import { checkTemplate } from "../../libs/sql/src/templates.fixture.ts";
import type { Evasion } from "./case.ts";
import { allControls, leaks, thefts } from "./corpus.ts";
import { classified } from "./policies.ts";
import { parsedTexts } from "./reading.ts";
import { recordedCatalog } from "./recorded-catalog.ts";

const parser = await openParser(18);
const catalog = await recordedCatalog();

const check = (text: string, watching: boolean, variants: number) =>
  checkTemplate(text, {
    connection: "shop",
    catalog,
    names: { searchPath: ["pg_catalog", "public"] },
    classified,
    parser,
    variants,
    watching,
  });

/** Every text of the corpus, with other literals: what is shared by a template is what reading each anew gives. */
async function readAll(
  watching: boolean,
  cases: readonly { readonly script: Evasion["script"] }[],
) {
  const counts = { none: 0, apart: 0, shared: 0 };
  const wrong: string[] = [];
  for (const { script } of cases)
    for (const { text } of await parsedTexts(script)) {
      const found = await check(text, watching, 2);
      counts[found.kind]++;
      wrong.push(...found.wrong);
    }
  return { counts, wrong };
}

test("I3: texts that differ in literals share no reading that is of one of them", async () => {
  const { counts, wrong } = await readAll(true, [...leaks, ...thefts, ...allControls]);
  expect(wrong).toEqual([]);
  expect(counts.shared).toBeGreaterThan(100);
  expect(counts.apart).toBeGreaterThan(50);
});

test("without watching what is read of literals, they would", async () => {
  const { wrong } = await readAll(false, allControls);
  expect(wrong.length).toBeGreaterThan(20);
});

test.each([
  "SELECT name, email FROM customers ORDER BY 1",
  "SELECT name, count(email) FROM customers GROUP BY 1",
  "SELECT split_part(email, '@', 1) FROM customers",
  "SELECT replace(email, 'a', 'b') FROM customers",
  "SELECT format('%s', email) FROM customers",
  "SELECT to_char(hired, 'YYYY'), to_char(salary, 'FM999') FROM pay",
  "SELECT extract('year' FROM hired) FROM pay",
  "SELECT date_trunc('month', hired) FROM pay",
  "SELECT doc -> 'customer' ->> 'name' FROM tickets",
  "SELECT doc #> '{customer,name}' FROM tickets",
  "SELECT doc -> 'items' -> 0 FROM tickets",
  "SELECT set_config('application_name', 'x', false)",
  "SELECT set_config('search_path', 'x', false)",
  "SELECT nextval('customers_id_seq')",
  "SELECT currval('customers_id_seq') FROM customers WHERE id = 5",
])("%s is read anew for other literals", async (text) => {
  expect((await check(text, true, 0)).kind).toBe("apart");
  // Not because it could not be read at all.
  expect((await check(text, false, 0)).kind).toBe("shared");
});

test.each([
  "SELECT name FROM customers WHERE email = 'x' AND id = 5",
  "SELECT email FROM customers WHERE id = 5 LIMIT 3",
  "SELECT substr(email, 2) FROM customers",
  "SELECT '2024-01-01'::date, 'pg_authid'::regclass, 'x'::text, lo_get(5)",
  "SELECT pg_read_file('postgresql.conf')",
])("%s asks the same whatever its literals say", async (text) => {
  expect(await check(text, true, 24)).toEqual({ kind: "shared", wrong: [] });
});
