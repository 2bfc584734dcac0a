import type { Verified, Verify } from "@sallyport/contracts";
import type { Telemetry } from "@sallyport/runtime";
import type { Identifying } from "./identifying.ts";

/** Answers as `identifying` does, and tells how long it took. Whose the token is, is nobody's business here. */
export const timed =
  (telemetry: Telemetry, identifying: Identifying) =>
  async (question: Verify): Promise<Verified | null> => {
    const began = performance.now();
    const verified = await identifying.answer(question);
    telemetry.measure("sallyport.authn.duration", (performance.now() - began) / 1000, {
      "sallyport.outcome": outcomeOf(verified),
    });
    return verified;
  };

const outcomeOf = (verified: Verified | null): string =>
  verified === null ? "overloaded" : verified.type === "verified" ? "ok" : verified.code;
