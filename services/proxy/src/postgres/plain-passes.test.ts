import { expect, test } from "vitest";
import {
  newCommandId,
  newHoldId,
  newSessionId,
  type Operation,
  type Verdict,
} from "@sallyport/contracts";
import { askedBy, type AskedOptions } from "./asked.ts";
import type { Judged } from "./judged.ts";
import { changesNothing, leavesUnknown, PlainPasses } from "./plain-passes.ts";

const on = (action: Operation["action"]): readonly Operation[] => [
  { action, resource: { type: "Table", id: "shop/public.orders" } },
];

const judged = (over: Partial<AskedOptions> = {}, more: Partial<Judged> = {}): Judged => ({
  ...askedBy({
    kind: "execute",
    text: "INSERT",
    statements: [],
    operations: on("insert"),
    opaque: null,
    ...over,
  }),
  parameters: [],
  resultFormats: [],
  portalStatement: null,
  knows: null,
  ...more,
});

const verdict = (over: Partial<Verdict> = {}): Verdict => ({
  v: 1,
  type: "verdict",
  session: newSessionId(),
  command: newCommandId(),
  hash: "0".repeat(64),
  time: 0,
  decision: "pass",
  final: true,
  reasons: [],
  masks: [],
  holds: [],
  policies: [],
  shadow: [],
  revision: 7,
  ...over,
});

test("what passed plainly under the policies of now is known to, by what it asks", () => {
  const passes = new PlainPasses();
  const insert = judged();
  expect(passes.has(insert, 7)).toBe(false);
  passes.judged(insert, verdict());
  expect(passes.has({ ...insert, text: "INSERT of another value" }, 7)).toBe(true);
  expect(passes.has(insert, 8)).toBe(false);
  expect(passes.has(judged(), 7)).toBe(false);
});

test("a refusal, a condition that people met, and no verdict at all end that", () => {
  const hold = { policy: "p", group: "corp/dba", quorum: 1, wait: 1, ttl: 1 };
  const taken = {
    id: newHoldId(),
    key: "k",
    state: "taken" as const,
    expires: 1,
    approvers: ["a"],
  };
  for (const ending of [
    verdict({ decision: "deny", reasons: [{ policy: "p" }] }),
    verdict({ holds: [hold], hold: taken }),
    null,
  ]) {
    const passes = new PlainPasses();
    const insert = judged();
    passes.judged(insert, verdict());
    passes.judged(insert, ending);
    expect(passes.has(insert, 7)).toBe(false);
  }
});

test("what is only prepared says nothing of what is run: it takes no holds", () => {
  const passes = new PlainPasses();
  const operations = on("insert");
  passes.judged(judged({ kind: "prepare", operations }), verdict());
  expect(passes.has(judged({ operations }), 7)).toBe(false);
});

const effects = judged().effects;

test.each<[string, Judged]>([
  ["a query string", judged({ kind: "simple" })],
  ["a Parse", judged({ kind: "prepare" })],
  ["what is opaque", judged({ opaque: "unknown" })],
  [
    "what the target would refuse",
    judged({ unresolved: { code: "target-42P01", said: { sqlstate: "42P01", message: "" } } }),
  ],
  ["what asks nothing", judged({ operations: [] })],
  ...(["create", "set", "truncate", "grant", "execute"] as const).map(
    (action): [string, Judged] => [action, judged({ operations: on(action) })],
  ),
  ...(["ddl", "names", "transaction", "copyIn", "renames"] as const).map(
    (effect): [string, Judged] => [effect, judged({}, { effects: { ...effects, [effect]: true } })],
  ),
  ["a name of SQL", judged({}, { effects: { ...effects, naming: [[{ kind: "doubt" }]] } })],
])("behind what may change something nothing is judged ahead: %s", (_, one) => {
  expect(changesNothing(one)).toBe(false);
});

test.each(["read", "insert", "update", "delete"] as const)(
  "rows are read and written: %s",
  (action) => {
    expect(changesNothing(judged({ operations: on(action) }))).toBe(true);
  },
);

const select: AskedOptions["statements"] = [
  {
    kind: "SelectStmt",
    operations: [],
    outputs: [{ kind: "plain", name: "one", typeOid: 23, tableOid: 0, attnum: 0 }],
    touches: [],
    effects: { ddl: false, names: false },
    opaque: null,
  },
];

test("what asks nothing and answers rows changes nothing: SELECT 1", () => {
  expect(changesNothing(judged({ operations: [], statements: select }))).toBe(true);
  const named = { effects: { ...effects, naming: [[{ kind: "doubt" as const }]] } };
  expect(changesNothing(judged({ operations: [], statements: select }, named))).toBe(false);
});

const opaque = { opaque: "unknown", operations: on("opaque") };
const kinds = (...all: readonly string[]) =>
  all.map((kind) => ({ ...select[0], kind })) as unknown as AskedOptions["statements"];

test.each(["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"])(
  "an opaque Execute of a text that takes no data leaves nothing more unknown than it was: %s",
  (kind) => {
    expect(leavesUnknown(judged({ ...opaque, statements: kinds(kind) }))).toBe(true);
  },
);

test.each<[string, Judged]>([
  ["COPY", judged({ ...opaque, statements: kinds("CopyStmt") })],
  ["a text that nobody knows", judged(opaque)],
  ["several statements", judged({ ...opaque, statements: kinds("SelectStmt", "SelectStmt") })],
  ["a query string", judged({ ...opaque, kind: "simple", statements: kinds("SelectStmt") })],
  ["what is not opaque", judged({ statements: kinds("InsertStmt") })],
  [
    "what the target would refuse",
    judged({
      ...opaque,
      statements: kinds("InsertStmt"),
      unresolved: { code: "target-42P01", said: { sqlstate: "42P01", message: "" } },
    }),
  ],
])(
  "behind what may take the client's bytes, or is something else, that is not said: %s",
  (_, one) => {
    expect(leavesUnknown(one)).toBe(false);
  },
);
