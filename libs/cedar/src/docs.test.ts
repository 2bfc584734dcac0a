import { readFileSync } from "node:fs";
import { Action, cedarBaseline, Masker } from "@sallyport/contracts";
import { expect, test } from "vitest";
import { loadBundle, type Engine } from "./engine.ts";
import type { PolicyBundle } from "./load.ts";
import { policyMistakeText } from "./mistake.ts";
import { runPolicyTests, type Analyse } from "./policy-tests.ts";

const docs = readFileSync(new URL("../../../docs/policies.md", import.meta.url), "utf8");
const blocks = (language: string): string[] =>
  [...docs.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    ([, text]) => text ?? "",
  );

const bundle: PolicyBundle = {
  connections: {
    orders: {
      protocol: "postgres",
      target: { host: "127.0.0.1", port: 5432, database: "orders", tls: "off" },
      credentials: { username: "app" },
      tags: ["production"],
      columns: { "public.customers.email": ["pii"] },
      record: "rows",
    },
  },
  issuers: ["corp"],
  approvers: {},
  baseline: true,
  policies: blocks("cedar").map((text, index) => ({
    file: ["orders.cedar", "context.cedar", "shadow.cedar"][index] ?? "more.cedar",
    text,
  })),
};

function engine(): Engine {
  const loaded = loadBundle(bundle);
  if ("mistakes" in loaded) throw new Error(loaded.mistakes.map(policyMistakeText).join("\n"));
  return loaded.engine;
}

/** The one text in the page, as libs/sql reads it. */
const analyse: Analyse = async ({ connection, text, tables }) =>
  text === "SELECT c.email AS x FROM customers AS c" && tables?.["public.customers"]
    ? {
        operations: [
          {
            action: "read",
            resource: { type: "Table", id: `${connection}/public.customers` },
            use: "output",
          },
          {
            action: "read",
            resource: { type: "Column", id: `${connection}/public.customers.email` },
            use: "output",
          },
        ],
      }
    : { problem: "another text" };

test("every policy and test of docs/policies.md does what the page says", async () => {
  const files = blocks("yaml").map((text, index) => ({ file: `${index}.test.yaml`, text }));
  const { results, mistakes } = await runPolicyTests(engine(), files, analyse, 0);
  expect(mistakes).toEqual([]);
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
  expect(results.length).toBeGreaterThan(6);
});

test("its explanation is what explain says", async () => {
  const [text] = blocks("yaml");
  const { results } = await runPolicyTests(engine(), [{ file: "a", text: text ?? "" }], analyse, 0);
  const masked = results.find(({ name }) => name === "e-mail is masked for CI");
  expect(masked?.explanation.join("\n")).toBe(blocks("text")[0]?.trimEnd());
});

test("it names every action, masker's name and policy of the baseline", () => {
  for (const action of Action.options) expect(docs).toContain(`\`${action}\``);
  for (const masker of ["null", "redact", "hash", "partial", "partial:2", "email"]) {
    expect(Masker.safeParse(masker).success).toBe(true);
    expect(docs).toContain(`\`${masker}\``);
  }
  for (const [, tag] of cedarBaseline.matchAll(/Tag::"([^"]*)"/g)) expect(docs).toContain(tag);
});
