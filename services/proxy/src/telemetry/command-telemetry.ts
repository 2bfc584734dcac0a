import type { GateOutcome } from "@sallyport/bus";
import type { CommandKind, Outcome, Result, Verdict } from "@sallyport/contracts";
import { now, type Span, type SpanOptions, type Telemetry } from "@sallyport/runtime";

export interface CommandBeginning extends Pick<SpanOptions, "parent" | "links" | "attributes"> {
  readonly connection: string;
  readonly kind: CommandKind;
}

type End = Pick<Result, "outcome" | "rows" | "bytes" | "sent" | "error" | "tags">;

/** One command from its event to its result: its span, those of the gates and of the target beneath, and the counts. */
export class CommandTelemetry {
  readonly kind: CommandKind;
  readonly #telemetry: Telemetry;
  readonly #connection: string;
  readonly #span: Span;
  #asked = 0;
  #record: Span | undefined;
  #policy: Span | undefined;
  #judged = false;
  #verdict: "pass" | "deny" | "none" = "none";
  #held = false;
  /** When both gates were open. */
  #cleared = 0;

  constructor(telemetry: Telemetry, { connection, kind, ...options }: CommandBeginning) {
    this.#telemetry = telemetry;
    this.#connection = connection;
    this.kind = kind;
    this.#span = telemetry.span("command", { kind: "server", ...options });
  }

  get traceparent(): string | undefined {
    return this.#span.traceparent;
  }

  asked(): void {
    const parent = this.#span.traceparent;
    this.#asked = now();
    this.#record = this.#telemetry.span("gate.record", { parent, start: this.#asked });
    this.#policy = this.#telemetry.span("gate.policy", { parent, start: this.#asked });
  }

  stored(): void {
    this.#measure("record");
    this.#record?.end();
    this.#record = undefined;
  }

  /** The first verdict closes policy's span unless it opens a hold; then the final one does. */
  judged({ decision, hold, final }: Verdict): void {
    this.#verdict = decision;
    if (!this.#judged) this.#measure("policy");
    this.#judged = true;
    if (hold) {
      this.#policy?.set({ "sallyport.hold.id": hold.id, "sallyport.hold.state": hold.state });
      if (hold.state === "open" && !final) return;
    }
    this.#policy?.set({ "sallyport.verdict": decision });
    this.#policy?.end();
    this.#policy = undefined;
  }

  told(outcome: GateOutcome): void {
    if (outcome.kind === "held") {
      this.#held = true;
      return;
    }
    this.#cleared = now();
    if (outcome.kind === "open") {
      if (!this.#held) this.#measure("both");
      return;
    }
    const missing = outcome.gate === "record" ? this.#record : this.#policy;
    missing?.fail(outcome.code);
    this.#endGates();
  }

  ended({ outcome, rows, bytes, sent, error, tags }: End): void {
    if (sent !== null) this.#target(error);
    this.#telemetry.count("sallyport.commands", 1, {
      ...this.#labels,
      "sallyport.command.kind": this.kind,
      "sallyport.verdict": this.#verdict,
      "sallyport.outcome": outcome,
    });
    if (rows > 0) this.#telemetry.count("sallyport.rows", rows, this.#labels);
    if (bytes > 0) this.#telemetry.count("sallyport.output", bytes, this.#labels);
    this.#span.set({
      "sallyport.verdict": this.#verdict,
      "sallyport.outcome": outcome,
      "sallyport.bytes": bytes,
      "db.response.returned_rows": rows,
      ...(tags.length === 1 && { "db.operation.name": operationOf(tags[0] ?? "") }),
      ...(error?.sqlstate !== undefined && { "db.response.status_code": error.sqlstate }),
    });
    if (outcome !== "executed" || error) this.#span.fail(error?.code ?? outcome);
    this.#end();
  }

  /** The session ended before a result. */
  abandoned(): void {
    this.#span.fail("unknown" satisfies Outcome);
    this.#end();
  }

  get #labels() {
    return { "sallyport.connection": this.#connection };
  }

  #target(error: End["error"]): void {
    const end = now();
    const start = this.#cleared || end;
    const type = error && (error.sqlstate ?? error.code);
    const span = this.#telemetry.span("target", {
      kind: "client",
      parent: this.#span.traceparent,
      start,
      attributes: { ...this.#labels, "db.system.name": "postgresql" },
    });
    if (type !== undefined) span.fail(type);
    span.end(end);
    this.#telemetry.measure("db.client.operation.duration", (end - start) / 1000, {
      ...this.#labels,
      "db.system.name": "postgresql",
      ...(type !== undefined && { "error.type": classOf(type) }),
    });
  }

  #measure(gate: "record" | "policy" | "both"): void {
    this.#telemetry.measure("sallyport.gate.duration", (now() - this.#asked) / 1000, {
      "sallyport.gate": gate,
    });
  }

  #endGates(): void {
    this.#record?.end();
    this.#policy?.end();
    this.#record = undefined;
    this.#policy = undefined;
  }

  #end(): void {
    this.#endGates();
    this.#span.end();
  }
}

/** `SELECT 5` → `SELECT`; tags are the target's own words, so only upper-case ones of few values count. */
const operationOf = (tag: string): string | undefined => /^[A-Z]+(?: [A-Z]+){0,3}/.exec(tag)?.[0];

/** Anybody may raise any SQLSTATE, so metrics know its class only: `23505` → `23000`. */
const classOf = (type: string): string =>
  /^[0-9A-Z]{5}$/.test(type) ? `${type.slice(0, 2)}000` : type;
