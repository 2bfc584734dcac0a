import { expect, test } from "vitest";
import { parsedTexts, readScript } from "./reading.ts";
import { recordedCatalog } from "./recorded-catalog.ts";

const catalog = await recordedCatalog();

/** What is said of one expression over classified columns, where their output is masked and all else refused. */
async function read(expression: string) {
  const lazy = "LATERAL (SELECT (1 / c.id)::text AS lazy) s";
  const script = `SELECT ${expression} FROM customers c JOIN pay p USING (id), ${lazy}`;
  const [found] = readScript(await parsedTexts(script), catalog);
  return { denied: found?.denied, output: found?.outputs[0]?.[0]?.kind };
}

test.each([
  "replace(email, '-', '')",
  "replace(email, 'ab'::text, 'c'::text)",
  "split_part(email, '@', 2)",
  "split_part(email, '@'::text, -1)",
  "substr(email, c.id, 3)",
  "substring(email FROM 2 FOR 3)",
  "format('%s <%s>%%', c.name, email)",
  "email::varchar(3)",
  "COALESCE(email, c.name)",
  "COALESCE(email, 'none')",
  "to_char(salary, 'FM999,999.00')",
  "to_char(hired, 'YYYY-MM')",
  "extract(year FROM hired)",
  "date_trunc('month', hired)",
])("%s succeeds for every value", async (expression) => {
  expect(await read(expression)).toEqual({ denied: false, output: "computed" });
});

test.each([
  "replace(email, 'a', 'aa')",
  "replace(email, 'aaa', 'äöü')",
  "replace(email, '', c.name)",
  "replace(c.name, 'a', email)",
  "split_part(email, '@', c.id)",
  "substr(email, 1, c.id)",
  "substring(email FROM 'a*')",
  "substring(email FROM $1)",
  "format('%s%s', email)",
  "format(c.name, email)",
  "format(email, 'x')",
  "salary::numeric(9, 2)",
  "to_char(salary, 'RN')",
  "to_char(salary, c.name)",
  "extract(hour FROM hired)",
  "extract(day FROM bonus)",
  "date_trunc(c.name, hired)",
  "COALESCE(email, lazy)",
])("%s fails for some values, or takes long", async (expression) => {
  expect((await read(expression)).denied).toBe(true);
});
