import type { DiagLogger } from "@opentelemetry/api";
import type { Log } from "../log.ts";

/** How long the same problem is not said again, in milliseconds. */
const silence = 60_000;
const longest = 200;

/**
 * What the SDK has to say, as warnings: an endpoint that is away is no error of ours. Said once a minute, and in few
 * words, because a collector's answer may hold anything.
 */
export function quietly(log: Log): DiagLogger {
  const said = new Map<string, number>();
  const say = (message: string, detail?: unknown): void => {
    const telemetry = message.slice(0, longest);
    const at = performance.now();
    if (at - (said.get(telemetry) ?? Number.NEGATIVE_INFINITY) < silence) return;
    if (said.size > 100) said.clear();
    said.set(telemetry, at);
    const why = detail instanceof Error ? detail.message : typeof detail === "string" ? detail : "";
    log.warn(
      { telemetry, ...(why !== "" && { why: why.slice(0, longest) }) },
      "telemetry has a problem",
    );
  };
  const nothing = (): void => undefined;
  return { error: say, warn: say, info: nothing, debug: nothing, verbose: nothing };
}
