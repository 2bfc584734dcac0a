import { newCommandId, newHoldId, newSessionId, type Verdict } from "@sallyport/contracts";
import { assert, boolean, constantFrom, property, record, type Arbitrary } from "fast-check";
import { expect, test } from "vitest";
import { holdAfter, readVerdict } from "./read-verdict.ts";

const condition = { policy: "p", group: "corp/dba", quorum: 1, ttl: 1, wait: 1 };
type State = NonNullable<Verdict["hold"]>["state"] | null;
const verdicts: Arbitrary<Verdict> = record({
  decision: constantFrom("deny" as const, "pass" as const),
  final: boolean(),
  holds: constantFrom<Verdict["holds"][]>([], [condition], [condition, condition]),
  state: constantFrom<State[]>(null, "open", "taken", "denied", "expired", "withdrawn"),
  approvers: constantFrom<string[][]>([], ["corp#alice"]),
}).map(({ state, approvers, ...rest }) => ({
  v: 1 as const,
  type: "verdict" as const,
  session: newSessionId(),
  command: newCommandId(),
  hash: "0".repeat(64),
  time: 1,
  reasons: [],
  masks: [],
  policies: [],
  shadow: [],
  revision: 1,
  ...rest,
  ...(state !== null && {
    hold: {
      id: newHoldId(),
      key: "0".repeat(64),
      state,
      expires: 1,
      approvers,
    },
  }),
}));

test("open is only a final pass without holds, or with one that somebody's approval answered", () => {
  assert(
    property(verdicts, (verdict) => {
      const { decision, final, holds, hold } = verdict;
      const open =
        decision === "pass" &&
        final &&
        (holds.length === 0
          ? hold === undefined
          : hold?.state === "taken" && hold.approvers.length > 0);
      expect(readVerdict(verdict).kind === "open").toBe(open);
    }),
  );
});

test("held is only a pass that is not final and whose hold is open", () => {
  assert(
    property(verdicts, (verdict) => {
      const { decision, final, holds, hold } = verdict;
      const held = decision === "pass" && !final && holds.length > 0 && hold?.state === "open";
      expect(readVerdict(verdict).kind === "held").toBe(held);
    }),
  );
});

test("a hold comes after another only of the same key, under another id, while it waits", () => {
  const key = "0".repeat(64);
  const heldBy = (hold: Partial<NonNullable<Verdict["hold"]>>, more: Partial<Verdict> = {}) =>
    ({
      decision: "pass",
      final: false,
      holds: [condition],
      hold: { id: newHoldId(), key, state: "open", expires: 2, approvers: [], ...hold },
      ...more,
    }) as Verdict;
  const before = heldBy({});
  expect(holdAfter(before, heldBy({}))).toBe("next");
  expect(holdAfter(before, heldBy({ expires: 3 }))).toBe("next");
  expect(holdAfter(before, heldBy({ expires: 1 }))).toBe("earlier");
  expect(holdAfter(before, before)).toBe("none");
  expect(holdAfter(before, heldBy({ key: "1".repeat(64) }))).toBe("none");
  expect(holdAfter(before, heldBy({}, { final: true }))).toBe("none");
  expect(holdAfter(before, heldBy({}, { decision: "deny" }))).toBe("none");
  expect(holdAfter(before, heldBy({ state: "denied" }))).toBe("none");
  expect(holdAfter(heldBy({}, { final: true }), heldBy({}))).toBe("none");
});
