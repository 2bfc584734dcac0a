import { expect, test } from "vitest";
import type { Quiet } from "./live-sessions.ts";
import { overstayed, timeLeft } from "./session-limits.ts";

const at = (state: Quiet["state"], opened: number, since: number) => ({
  opened,
  quiet: { state, since },
});
const limits = { idle: 1000, idleInTransaction: 500, session: 90_000 };

test("each limit ends what passes it, and nothing else", () => {
  expect(overstayed(at("idle", 0, 0), limits, 999)).toBeNull();
  expect(overstayed(at("idle", 0, 0), limits, 1000)).toEqual({
    code: "session-idle",
    params: { limit: "1s" },
  });
  expect(overstayed(at("in-transaction", 0, 0), limits, 500)).toEqual({
    code: "idle-in-transaction",
    params: { limit: "500ms" },
  });
  expect(overstayed(at("busy", 0, 0), limits, 89_999)).toBeNull();
  expect(overstayed(at("busy", 0, 89_999), limits, 90_000)).toEqual({
    code: "session-too-long",
    params: { limit: "90s" },
  });
  expect(overstayed(at("idle", 0, 0), {}, 1e12)).toBeNull();
});

test("a session lasts no longer where the worker's clock is behind authn's, or is ahead of it", () => {
  expect(timeLeft(10_000, 4000, null)).toBe(6000);
  expect(timeLeft(10_000, 4000, 4000)).toBe(6000);
  expect(timeLeft(10_000, -3_600_000, 4000)).toBe(6000);
  expect(timeLeft(10_000, 7000, 4000)).toBe(3000);
});
