import { now, type Telemetry } from "@sallyport/runtime";
import type { JudgingWatch } from "./judging.ts";

/** A span and the counts for each judgement. */
export function watchJudging(telemetry: Telemetry): JudgingWatch {
  return {
    judged: (command, { decision, began, remembered }) => {
      const taken = performance.now() - began;
      const end = now();
      const labels = { "sallyport.decision": decision, "sallyport.remembered": remembered };
      telemetry.count("sallyport.policy.judgements", 1, labels);
      telemetry.measure("sallyport.policy.duration", taken / 1000, labels);
      const span = telemetry.span("policy", {
        kind: "server",
        parent: command.trace,
        start: end - taken,
        attributes: {
          ...labels,
          "sallyport.command.id": command.command,
          "sallyport.operations": command.operations.length,
        },
      });
      span.end(end);
      return span.traceparent;
    },
    late: () => telemetry.count("sallyport.policy.judgements", 1, { "sallyport.decision": "late" }),
  };
}
