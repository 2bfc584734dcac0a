import { expect, test } from "vitest";
import type { Catalog } from "@sallyport/sql";
import { rules, without, type Rule } from "../../libs/sql/src/rules.ts";
import type { Evasion } from "./case.ts";
import { allControls, leaks, thefts } from "./corpus.ts";
import { NormalForms } from "./normal-form.ts";
import { classified } from "./policies.ts";
import { isWeaker, parsedTexts, readScript, type Parsed } from "./reading.ts";
import { recordedCatalog } from "./recorded-catalog.ts";
import { since } from "./since.ts";

/**
 * Each rule of the analyser is switched off in turn and the corpus read again, without a server: a rule without which
 * nothing falls would be none. The cases themselves are proven against PostgreSQL in evasion.journey.test.ts.
 */
const catalog = await recordedCatalog();

/** What needs a superuser to be made, and so is not in target.sql. */
interface Other extends Evasion {
  readonly catalog?: Catalog;
}

const byOthers: readonly Other[] = [
  {
    idea: "an event trigger under SELECT … INTO",
    script: "SELECT 1 AS a INTO made",
    catalog: {
      ...catalog,
      eventTriggers: [...catalog.functions.values()].flatMap(({ oid, name }) =>
        name === "ring" ? [oid] : [],
      ),
    },
  },
  { idea: "a file of the server", script: "COPY (SELECT email FROM customers) TO '/tmp/x'" },
];

interface Case {
  readonly idea: string;
  readonly texts: readonly Parsed[];
  readonly catalog: Catalog;
}

const cases: Case[] = [];
for (const one of [...leaks, ...thefts, ...byOthers] as readonly Other[])
  cases.push({
    idea: one.idea,
    texts: await parsedTexts(one.script),
    catalog: one.catalog ?? catalog,
  });

/** A classification of its own for each run: what is remembered with it is what that run found. */
const readAll = (rule: Rule | null) =>
  without(rule, () => {
    const own = { ...classified };
    return cases.map(({ texts, catalog: known }) => readScript(texts, known, own));
  });

const whole = readAll(null);

function fallen(rule: Rule): readonly string[] {
  const now = readAll(rule);
  return cases.flatMap(({ idea }, at) => (isWeaker(whole[at] ?? [], now[at] ?? []) ? [idea] : []));
}

const table = (Object.keys(rules) as Rule[]).map((rule) => {
  const ideas = fallen(rule);
  return { rule, ideas, count: ideas.length, such: ideas.slice(0, 3).join("; ") };
});

test.each(table)("without “$rule” $count cases fall: $such", ({ ideas }) => {
  expect(ideas.length).toBeGreaterThan(0);
});

test("every evasion is denied, masked or told nothing by the analysis alone", () => {
  const open = cases.filter(
    (_, at) =>
      !whole[at]?.some(
        ({ denied, withheld, unresolved, outputs }) =>
          denied ||
          withheld ||
          unresolved ||
          outputs.flat().some((output) => output && output.kind !== "plain"),
      ),
  );
  expect(open.map(({ idea }) => idea)).toEqual([]);
});

test("no control is denied", async () => {
  const denied: string[] = [];
  for (const { what, script } of allControls) {
    const read = readScript(await parsedTexts(script), catalog);
    // What follows its own DDL has another catalog.
    const changed = read.findIndex(({ defines }) => defines);
    const same = changed === -1 ? read : read.slice(0, changed + 1);
    if (same.some((one) => one.denied)) denied.push(what);
  }
  expect(denied).toEqual([]);
});

test("what older majors lack is said of cases that are there", () => {
  const titles = new Set([
    ...[...leaks, ...thefts].map(({ idea }) => idea),
    ...allControls.map(({ what }) => what),
  ]);
  expect([...since.keys()].filter((title) => !titles.has(title))).toEqual([]);
});

test("there are enough of them, and none has the title of another", () => {
  expect(leaks.length + thefts.length).toBeGreaterThanOrEqual(300);
  expect(allControls.length).toBeGreaterThanOrEqual(150);
  for (const titles of [
    [...leaks, ...thefts].map(({ idea }) => idea),
    allControls.map(({ what }) => what),
  ])
    expect(titles.filter((title, at) => titles.indexOf(title) !== at)).toEqual([]);
});

const forms = new NormalForms(catalog, classified);

test.each([
  ["evasions", [...leaks, ...thefts].map(({ idea, script }) => ({ title: idea, script }))],
  ["controls", allControls.map(({ what, script }) => ({ title: what, script }))],
] as const)("no two %s are alike but for names and literals", async (_, all) => {
  const alike = new Map<string, string[]>();
  for (const { title, script } of all) {
    const form = await forms.of(script);
    alike.set(form, [...(alike.get(form) ?? []), title]);
  }
  expect([...alike.values()].filter((titles) => titles.length > 1)).toEqual([]);
});
