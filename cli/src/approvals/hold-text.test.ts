import type { HoldView, Parameter } from "@sallyport/contracts";
import { describe, expect, test } from "vitest";
import { holdLines, outcomeText } from "./hold-text.ts";
import { parameterText } from "./parameter-text.ts";

const opened = Date.parse("2026-11-22T18:00:00.000Z");
const minutes = (count: number): number => count * 60_000;
const iso = (time: number): string => new Date(time).toISOString();

const view: HoldView = {
  hold: "bq5v3x2k6n7m4p3r2s5t6u7vwx" as HoldView["hold"],
  state: "open",
  principal: "corp#ci-runner",
  owner: "corp#bob",
  delegation: ["deploy-bot"],
  connection: "orders",
  kind: "execute",
  command: "DELETE FROM orders\nWHERE id = $1",
  parameters: [{ oid: 23, format: 1, value: "AAAABw==" }],
  whole: true,
  key: "0".repeat(64),
  operations: [
    { action: "delete", resource: { type: "Table", id: "orders/public.orders" }, where: true },
    { action: "read", resource: { type: "Table", id: "orders/public.orders" }, use: "predicate" },
  ],
  policies: [
    {
      policy: "deletes-need-a-dba",
      group: "corp/dba",
      quorum: 2,
      reason: "deletes are final",
      approvers: ["corp#alice"],
    },
  ],
  answers: [
    { principal: "corp#alice", answer: "approve", reason: "ticket 4711", time: iso(opened) },
  ],
  waiting: 1,
  opened: iso(opened),
  expires: iso(opened + minutes(15)),
};

const linesOf = (changes: Partial<HoldView> = {}, lines = Infinity): string[] =>
  holdLines({ ...view, ...changes }, { now: opened + minutes(1), lines });

test("a hold tells who wants what, whom that asks, and the time left", () => {
  expect(linesOf()).toEqual([
    "hold bq5v3x2k6n7m4p3r2s5t6u7vwx  open, 14 min 0 s left",
    "  who         corp#ci-runner, owned by corp#bob",
    "              through deploy-bot",
    "  connection  orders",
    "  execute     DELETE FROM orders",
    "              WHERE id = $1",
    "  with        $1 = 7",
    "  does        delete orders/public.orders",
    "              read orders/public.orders (predicate)",
    "  asks        corp/dba: 1 of 2, for deletes-need-a-dba: deletes are final",
    "  answers     corp#alice approved 1 min 0 s ago: ticket 4711",
    "  waits       1 command now",
  ]);
});

test("an approval of one who is revoked since is said to count no more", () => {
  const [given] = view.answers;
  const answers = given ? [{ ...given, revoked: true as const }] : [];
  expect(linesOf({ answers }).at(-2)).toBe(
    "  answers     corp#alice approved 1 min 0 s ago, and is revoked since: it counts no more: ticket 4711",
  );
});

test("nothing that a requester writes moves the approver's cursor or hides text", () => {
  const nasty = "\u001b[2K\u001b[1A\u202edrop\u0007\r\u0000";
  const text = linesOf({
    principal: `corp#${nasty}`,
    owner: nasty,
    delegation: [nasty],
    connection: nasty,
    command: `SELECT 1\r\n${nasty}`,
    parameters: [{ oid: 25, format: 0, value: nasty }],
    operations: [{ action: "set", resource: { type: "Connection", id: nasty }, detail: nasty }],
    policies: [{ policy: nasty, group: nasty, quorum: 1, reason: nasty, approvers: [] }],
    answers: [{ principal: nasty, answer: "deny", reason: nasty, time: iso(opened) }],
  }).join("");
  expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(text).toContain("\\u{1b}[2K\\u{1b}[1A\\u{202e}drop");
});

test("a long statement is cut by lines and says so; one that is not whole says that", () => {
  const command = ["a", "b", "c", "d"].join("\n");
  expect(linesOf({ command }, 2).slice(4, 7)).toEqual([
    "  execute     a",
    "              b",
    "              … 2 more lines: sally approvals show bq5v3x2k6n7m4p3r2s5t6u7vwx",
  ]);
  expect(linesOf({ whole: false }).join("\n")).toContain("only its beginning can be read");
});

test("a webhook that is not told yet says why; one that is says nothing", () => {
  const notices: HoldView["notices"] = [
    { webhook: "chat", type: "hold.opened", state: "delivered", attempts: 2 },
    {
      webhook: "mail",
      type: "hold.opened",
      state: "failed",
      attempts: 3,
      problem: "answers 500",
      due: iso(opened + minutes(2)),
    },
    {
      webhook: "pager",
      type: "hold.opened",
      state: "abandoned",
      attempts: 1,
      problem: "answers 410",
    },
  ];
  expect(linesOf({ notices }).slice(-3, -1)).toEqual([
    "  not told    mail of hold.opened (3 attempts): answers 500; again in 1 min 0 s",
    "              pager of hold.opened (1 attempt): answers 410",
  ]);
});

test("a delete without WHERE is said to be one", () => {
  const operations: HoldView["operations"] = [
    { action: "delete", resource: { type: "Table", id: "orders/public.orders" }, where: false },
  ];
  expect(linesOf({ operations }).join("\n")).toContain("orders/public.orders (without WHERE)");
});

describe("what an answer has led to", () => {
  test.each([
    ["used", "approve", "approved: the command of hold"],
    ["approved", "approve", "may send the command of hold"],
    ["open", "approve", "still needs 1 more answer of corp/dba"],
    ["open", "deny", "denied: policy has not settled hold"],
    ["denied", "deny", "denied: the command of hold"],
    ["expired", "approve", "is expired by now: nothing passes"],
  ] as const)("%s after %s", (state, answer, text) => {
    expect(outcomeText({ ...view, state }, answer)).toContain(text);
  });
});

test.each<[Parameter["oid"], Parameter["format"], string | null, string]>([
  [25, 0, "it's", "'it's'"],
  [23, 0, null, "NULL"],
  [23, 1, "AAAABw==", "7"],
  [20, 1, "//////////8=", "-1"],
  [16, 1, "AQ==", "true"],
  [25, 1, "aMOp", "'hé'"],
  [2950, 1, "AAECAwQFBgcICQoLDA0ODw==", "00010203-0405-0607-0809-0a0b0c0d0e0f"],
  [23, 1, "AAc=", "bytes \\x0007"],
  [25, 1, "/w==", "bytes \\xff"],
  [1700, 1, "AAE=", "bytes \\x0001"],
])("a parameter of type %i in format %i and value %j reads %j", (oid, format, value, text) => {
  expect(parameterText({ oid, format, value })).toBe(text);
});
