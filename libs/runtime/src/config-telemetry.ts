import type { TelemetryConfig } from "@sallyport/contracts";
import type { Finding } from "./config-meaning.ts";
import { pathMistake } from "./config-paths.ts";
import { isLoopback } from "./loopback.ts";

/** What the schema cannot say of telemetry. */
export function telemetryMistakes(telemetry: TelemetryConfig, directory: string): Finding[] {
  const { otlp, prometheus } = telemetry;
  if (!otlp)
    return prometheus
      ? []
      : [
          {
            path: ["telemetry"],
            message: "`telemetry` names nobody to tell",
            hint: "give it `otlp: { endpoint: … }`, `prometheus: on`, or both; or leave it out",
          },
        ];
  const findings: Finding[] = [];
  const path = ["telemetry", "otlp", "endpoint"];
  const url = new URL(otlp.endpoint);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    findings.push({
      path,
      message: "the endpoint has a user, a query or a fragment",
      hint: "it takes a plain URL; what it wants to know of us goes into `headers`",
    });
  if (url.protocol === "http:" && !isLoopback(url.hostname) && Object.keys(otlp.headers).length > 0)
    findings.push({
      path,
      message: "headers with secrets would go out in plain http",
      hint: "use https, or a collector on loopback",
    });
  if (otlp.ca !== undefined)
    findings.push(...pathMistake(directory, otlp.ca, ["telemetry", "otlp", "ca"], "file"));
  return findings;
}
