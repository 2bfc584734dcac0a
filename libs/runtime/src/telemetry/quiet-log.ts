import type { DiagLogger } from "@opentelemetry/api";
import type { Log } from "../log.ts";

/** An endpoint that is away is said once a minute, in few words: a collector's answer may hold anything. */
export function quietly(log: Log): DiagLogger {
  const said = new Map<string, number>();
  const say =
    (level: "warn" | "error") =>
    (message: string, ...details: unknown[]): void => {
      const [detail] = details;
      const why = (
        detail instanceof Error ? detail.message : typeof detail === "string" ? detail : ""
      ).slice(0, 200);
      const text = message.slice(0, 200);
      const at = performance.now();
      if (at - (said.get(text) ?? Number.NEGATIVE_INFINITY) < 60_000) return;
      if (said.size > 100) said.clear();
      said.set(text, at);
      log[level]({ telemetry: text, ...(why !== "" && { why }) }, "telemetry has a problem");
    };
  const nothing = (): void => undefined;
  return {
    error: say("error"),
    warn: say("warn"),
    info: nothing,
    debug: nothing,
    verbose: nothing,
  };
}
