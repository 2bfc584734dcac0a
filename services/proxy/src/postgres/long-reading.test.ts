import { afterAll, expect, test } from "vitest";
import { analyse, openParser, threadAbove } from "@sallyport/sql";
import { catalog, classified } from "../../../../libs/sql/src/analysis.fixture.ts";
import { readLong } from "./long-reading.ts";

const parser = await openParser(18);
afterAll(() => parser.close());

const subject = {
  connection: "shop",
  catalog,
  names: { searchPath: ["pg_catalog", "public"] },
  classified,
};
const read = (text: string) => readLong(text, { parser, subject: { ...subject, text } });

const many = (count: number, one: (at: number) => string, between = ", "): string =>
  Array.from({ length: count }, (_, at) => one(at)).join(between);

test("a text of thousands of statements lets others have their turn", async () => {
  const text = many(1500, (at) => `SELECT name FROM customers WHERE id = ${at}`, "; ");
  let turns = 0;
  let over = false;
  const turn = (): void => {
    turns += 1;
    if (!over) setImmediate(turn);
  };
  const counting = {
    ...parser,
    async readLong(...given: Parameters<typeof parser.readLong>) {
      const parsed = await parser.readLong(...given);
      turns = 0;
      turn();
      return parsed;
    },
  };
  const found = await readLong(text, { parser: counting, subject: { ...subject, text } });
  over = true;
  expect(turns).toBeGreaterThan(2);
  const parsed = await parser.parse(text);
  if (parsed.kind !== "tree") throw new Error(parsed.message);
  const whole = analyse(parsed.tree, { ...subject, text });
  expect(found).toEqual({ kind: "analysed", analysis: whole, lasting: false });
});

test("rows of constants are read whatever their number, and what reads them all only up to a limit", async () => {
  const names = many(30_000, (at) => `(${at}, 'name ${at}')`);
  expect(await read(`INSERT INTO customers (id, name) VALUES ${names}`)).toMatchObject({
    analysis: { kind: "analysed", operations: [{ action: "insert" }] },
  });
  const sequences = many(40_000, (at) => `(1+nextval('s${at}'))`);
  expect(await read(`INSERT INTO customers (id) VALUES ${sequences}`)).toMatchObject({
    kind: "too-much",
    of: "tree",
  });
  expect(await read(many(40_000, () => "SELECT 1", "; "))).toMatchObject({
    kind: "too-much",
    of: "statements",
    size: 40_000,
  });
});

test("what was read with its constants folded is remembered by its own text", async () => {
  const text = `SELECT name FROM customers WHERE id IN (${many(2000, String)})`;
  expect(text.length).toBeGreaterThan(threadAbove);
  expect(await read(text)).toMatchObject({ lasting: true, analysis: { kind: "analysed" } });
  const executes = `${text}; EXECUTE p`;
  expect(await read(executes)).toMatchObject({ lasting: false });
});
