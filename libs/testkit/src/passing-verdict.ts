import { newCommandId, newSessionId, type Verdict } from "@sallyport/contracts";

/** A final verdict that lets a command pass without a mask or a hold, as policy would say it. */
export const passingVerdict = (over: Partial<Verdict> = {}): Verdict => ({
  v: 1,
  type: "verdict",
  session: newSessionId(),
  command: newCommandId(),
  hash: "0".repeat(64),
  time: 1,
  decision: "pass",
  final: true,
  reasons: [],
  masks: [],
  holds: [],
  policies: [],
  shadow: [],
  revision: 1,
  ...over,
});
