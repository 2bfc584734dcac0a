import type { GateOutcome } from "@sallyport/bus";
import type { CommandId, SessionId, Verdict } from "@sallyport/contracts";
import type { Telemetry } from "@sallyport/runtime";
import type { RecordWatch } from "../record.ts";
import type { WorkerWatch } from "../worker.ts";
import type { CommandTelemetry } from "./command-telemetry.ts";
import { SessionTelemetry } from "./session-telemetry.ts";

/** What a worker's telemetry shares: the commands under way, and what may become an attribute. */
export class ProxyTelemetry implements WorkerWatch {
  readonly telemetry: Telemetry;
  readonly #isConnection: (name: string) => boolean;
  readonly #commands = new Map<CommandId, CommandTelemetry>();

  /** `isConnection`: whether the bundle has it; other names are a client's own text, and no attribute. */
  constructor(telemetry: Telemetry, isConnection: (name: string) => boolean) {
    this.telemetry = telemetry;
    this.#isConnection = isConnection;
  }

  readonly gates = {
    asked: (command: CommandId) => this.#commands.get(command)?.asked(),
    stored: (command: CommandId) => this.#commands.get(command)?.stored(),
    judged: (command: CommandId, verdict: Verdict) => this.#commands.get(command)?.judged(verdict),
    told: (command: CommandId, outcome: GateOutcome) => this.#commands.get(command)?.told(outcome),
  };

  readonly session = (session: SessionId): RecordWatch => new SessionTelemetry(this, session);

  begin(command: CommandId, telemetry: CommandTelemetry): void {
    this.#commands.set(command, telemetry);
  }

  /** The command is over. */
  take(command: CommandId): CommandTelemetry | undefined {
    const found = this.#commands.get(command);
    this.#commands.delete(command);
    return found;
  }

  connection(name: string): string {
    return this.#isConnection(name) ? name : "other";
  }
}
