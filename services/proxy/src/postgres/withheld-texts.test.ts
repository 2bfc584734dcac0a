import { expect, test } from "vitest";
import { OwedAnswers, type Owed } from "./owed.ts";
import type { Running } from "./running.ts";
import { WithheldTexts } from "./withheld-texts.ts";

const query = (withhold: boolean): Owed => ({
  kind: "query",
  running: { withhold } as Partial<Running> as Running,
});
const text = { sqlstate: "22P02", message: "invalid input" };

/** What is owed to these, and its texts. */
function owing(...entries: readonly Owed[]) {
  const owed = new OwedAnswers();
  const texts = new WithheldTexts(owed, []);
  for (const entry of entries) {
    texts.owe([entry]);
    owed.push([entry]);
  }
  return {
    has: () => texts.has(text),
    ready(status: "I" | "T") {
      texts.ready(status);
      owed.shift();
    },
  };
}

test("a command that touches nothing masked has its texts", () => {
  expect(owing(query(false)).has()).toBe(false);
});

test("what touched a masked column is withheld up to the end of its transaction", () => {
  const texts = owing(query(true), query(false), query(false), query(false));
  expect(texts.has()).toBe(true);
  texts.ready("T");
  expect(texts.has()).toBe(true);
  texts.ready("T");
  expect(texts.has()).toBe(true);
  texts.ready("I");
  expect(texts.has()).toBe(false);
});

test("what is behind a ReadyForQuery counts from there on", () => {
  const texts = owing(query(false), query(true));
  expect(texts.has()).toBe(false);
  texts.ready("I");
  expect(texts.has()).toBe(true);
});

test("detectors look through the others", () => {
  const texts = new WithheldTexts(new OwedAnswers(), ["email"]);
  expect(texts.has({ ...text, detail: "ada@example.com is there" })).toBe(true);
  expect(texts.has(text)).toBe(false);
});
