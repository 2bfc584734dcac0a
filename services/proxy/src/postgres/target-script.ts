import type { Judged } from "./judged.ts";
import type { Owed } from "./owed.ts";
import type { Running } from "./running.ts";
import type { CommandUnit } from "./statements.ts";
import { TargetWriter } from "./target-writer.ts";

/** What goes to the target for a unit, and what it will owe for that. */
export function targetScript(
  unit: CommandUnit,
  running: Running,
): { readonly frames: Buffer[]; readonly owed: Owed[] } {
  const frames: Buffer[] = [];
  const owed: Owed[] = [];
  const { judged } = running;
  const described = unit.steps.some(
    ({ message }) => message.kind === "describe" && message.of === "portal",
  );
  for (const { message, frame, prepared, portal } of unit.steps) {
    switch (message.kind) {
      case "query":
        owed.push({ kind: "query", running });
        break;
      case "function-call":
        owed.push({ kind: "function", running });
        break;
      case "parse":
        if (prepared) owed.push({ kind: "parse", running, prepared });
        break;
      case "bind":
        if (portal) owed.push({ kind: "bind", running, portal });
        break;
      case "describe":
        owed.push(
          prepared
            ? { kind: "describe", running, of: message.of, own: false, prepared }
            : { kind: "describe", running, of: message.of, own: false },
        );
        break;
      case "close":
        owed.push({ kind: "close", running });
        break;
      case "execute":
        // The check of design §6: what comes back must be what was judged.
        if (
          !described &&
          (running.masks.size > 0 || running.detecting !== null || tellsOrigins(judged))
        ) {
          frames.push(TargetWriter.describePortal(message.portal));
          owed.push({ kind: "describe", running, of: "portal", own: true });
        }
        owed.push({ kind: "execute", running });
        break;
      case "copy-data":
      case "copy-done":
      case "copy-fail":
      case "sync":
      case "flush":
      case "terminate":
        break;
    }
    frames.push(frame);
  }
  if (judged.kind === "execute" || judged.kind === "prepare") owed.push({ kind: "end", running });
  return { frames, owed };
}

/** Whether the description of its result can show that a column is another than was judged. */
const tellsOrigins = ({ touches, outputs }: Judged): boolean =>
  touches.size > 0 ||
  outputs.some((columns) =>
    columns?.some((output) => output.kind !== "computed" && output.tableOid !== 0),
  );
