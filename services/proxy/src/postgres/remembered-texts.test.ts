import { expect, test } from "vitest";
import { openParser, type Analysis, type NameContext } from "@sallyport/sql";
import { catalog, classified } from "../../../../libs/sql/src/analysis.fixture.ts";
import { askedBy } from "./asked.ts";
import { RememberedTexts } from "./remembered-texts.ts";
import { CatalogView } from "./catalog-view.ts";
import { united } from "./united.ts";

const parser = await openParser(18);
const names: NameContext = { searchPath: ["pg_catalog", "public"] };

const opened = () => {
  const view = new CatalogView("shop", catalog, classified, parser);
  return async (
    text: string,
    around = names,
    types: number[] = [],
    unsettled: string | null = null,
  ): Promise<Analysis> => {
    const read = await view.analyse(text, around, types, unsettled);
    if (read.kind !== "analysed") throw new Error("not analysed");
    return read.analysis;
  };
};

/** One after the other. */
async function each<T, R>(items: readonly T[], take: (item: T) => Promise<R>): Promise<R[]> {
  const taken: R[] = [];
  for (const item of items) taken.push(await take(item));
  return taken;
}

const statementsOf = (analysis: Analysis) => {
  if (analysis.kind !== "analysed") throw new Error(analysis.kind);
  return analysis.statements;
};

const byId = (id: number) => `SELECT name, email FROM customers WHERE id = ${id}`;
const sorted = (by: number) => `SELECT name, email FROM customers ORDER BY ${by}`;

test("from the second on, texts that differ in literals alone share what they ask", async () => {
  const read = opened();
  const all = (await each([1, 2, 3, 4], (id) => read(byId(id)))).map(statementsOf);
  expect(all[1]).not.toBe(all[0]);
  expect(all[1]).toEqual(all[0]);
  expect([all[2], all[3]]).toEqual([all[1], all[1]]);
  expect(all[2]).toBe(all[1]);
  expect(all[3]).toBe(all[1]);
});

test("each has an analysis of its own, by which its words are remembered", async () => {
  const read = opened();
  const all = await each([1, 2, 3, 4], (id) => read(byId(id)));
  expect(new Set(all).size).toBe(4);
});

test("what hangs on a literal is read anew", async () => {
  const read = opened();
  const fresh = (by: number) => opened()(sorted(by));
  for (const by of [1, 1, 2, 1, 2]) expect(await read(sorted(by))).toEqual(await fresh(by));
  expect(statementsOf(await fresh(1))).not.toEqual(statementsOf(await fresh(2)));
});

test("nothing is shared under other names, types of parameters, or doubts", async () => {
  const read = opened();
  const bound = (id: number) => `${byId(id)} AND name = $1`;
  for (const id of [1, 2, 3]) {
    await read(byId(id));
    await read(bound(id), names, [25]);
  }
  const nothing = await read(byId(4), { searchPath: ["pg_catalog"] });
  expect(nothing.kind).toBe("unresolved");
  const doubtful = await read(byId(5), names, [], "the transaction has changed the schema");
  expect(doubtful).toMatchObject({ opaque: "the transaction has changed the schema" });
  const integers = await read(bound(6), names, [23]);
  expect(integers).toEqual(await opened()(bound(6), names, [23]));
});

test("a text that is wrong is refused, whatever was like it", async () => {
  const view = new CatalogView("shop", catalog, classified, parser);
  for (const id of [1, 2, 3]) await view.analyse(byId(id), names, [], null);
  for (const tail of ["5'5", "'5", "5 5", "(5", "$$5"])
    expect(
      await view.analyse(
        byId(0).replace("0", () => tail),
        names,
        [],
        null,
      ),
    ).toMatchObject({
      kind: "syntax-error",
    });
});

test("what they ask is the same but for the words", async () => {
  const read = opened();
  const asked = await each([1, 2, 3, 4], async (id) => {
    const analysis = await read(byId(id));
    if (analysis.kind !== "analysed") throw new Error(analysis.kind);
    const { statements, opaque } = analysis;
    const operations = united([analysis]);
    return askedBy({ kind: "simple", text: byId(id), statements, operations, opaque });
  });
  expect(asked.map(({ text }) => text)).toEqual([1, 2, 3, 4].map(byId));
  for (const { text, operations, written } of asked)
    expect(JSON.parse(`{${written.slice(1)}}`)).toEqual({ text, operations });
  expect(asked[3]?.operations).toBe(asked[1]?.operations);
  expect({ ...asked[3], text: "", written: "" }).toEqual({ ...asked[0], text: "", written: "" });
});

test("no more is remembered than a number of texts, and of their characters", () => {
  const texts = new RememberedTexts<string>();
  for (let n = 0; n < 5000; n++) texts.set(`text ${n}`, `${n}`);
  expect(texts.size).toBe(2000);
  expect([texts.get("text 2999"), texts.get("text 3000")]).toEqual([undefined, "3000"]);
  texts.set("text 3000", "7");
  expect(texts.get("text 3000")).toBe("7");
  texts.set("x".repeat(16 * 1024 + 1), "1");
  expect(texts.size).toBe(2000);
  const long = "y".repeat(16_000);
  for (let n = 0; n < 2000; n++) texts.set(`${n}${long}`, "1");
  expect(2 * texts.size * long.length).toBeLessThanOrEqual(32 * 1024 * 1024);
});

test("short texts that are answered with many columns are remembered as what they take", async () => {
  const read = opened();
  const wide = await read(`SELECT ${"c.*, ".repeat(200)}1 FROM customers c`);
  const narrow = await read("SELECT id FROM customers");
  expect(statementsOf(wide)[0]?.outputs?.length).toBeGreaterThan(1000);
  const texts = new RememberedTexts<Analysis>();
  for (let n = 0; n < 2000; n++) texts.set(`text ${n}`, wide);
  expect(texts.size).toBeLessThan(400);
  for (let n = 0; n < 4000; n++) texts.set(`narrow ${n}`, narrow);
  expect(texts.size).toBe(2000);
});
