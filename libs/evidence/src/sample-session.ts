import {
  eventHash,
  newCommandId,
  newSessionId,
  newStartId,
  type Approval,
  type Command,
  type CommandId,
  type OutputChunk,
  type Principal,
  type Result,
  type SessionId,
  type StartId,
  type Verdict,
  type WriterEvent,
} from "@sallyport/contracts";
import { createHash } from "node:crypto";

export const samplePrincipal: Principal = {
  id: "corp#ci-runner",
  issuer: "corp",
  subject: "ci-runner",
  kind: "workload",
  groups: ["corp/ci"],
  owner: "corp#alice",
  delegation: [],
  token: "jti-1",
  claims: {},
};

type Unchained<E> = E extends WriterEvent
  ? Omit<E, "v" | "session" | "n" | "prev" | "time">
  : never;

/** Writes the events of one session as a worker and policy would, numbered and chained. For tests and examples. */
export class SampleSession {
  readonly session: SessionId;
  readonly #time: number;
  #n = 0;
  #prev: string | null = null;

  constructor(options: { session?: SessionId; time?: number } = {}) {
    this.session = options.session ?? newSessionId();
    this.#time = options.time ?? 1_790_000_000_000;
  }

  /** The next event of the worker as its line. */
  event(event: Unchained<WriterEvent>): string {
    this.#n += 1;
    const { type, ...rest } = event;
    const line = JSON.stringify({
      v: 1,
      type,
      session: this.session,
      n: this.#n,
      prev: this.#prev,
      time: this.#time + this.#n * 100,
      ...rest,
    });
    this.#prev = eventHash(line);
    return line;
  }

  open(start: StartId = newStartId(), number = 1): string {
    return this.event({
      type: "open",
      start,
      number,
      protocol: "postgres",
      connection: "orders",
      address: "127.0.0.1:50000",
      tls: "TLSv1.3",
      principal: samplePrincipal,
      client: { application_name: "psql" },
    });
  }

  command(text: string, more: Partial<Command> = {}): { id: CommandId; line: string } {
    const id = newCommandId();
    const line = this.event({
      type: "command",
      command: id,
      kind: "simple",
      connection: "orders",
      principal: samplePrincipal,
      address: "127.0.0.1:50000",
      text,
      parameters: [],
      operations: [],
      mayWait: true,
      deadline: this.#time + 5000,
      revision: 1,
      ...more,
    });
    return { id, line };
  }

  verdict(command: { id: CommandId; line: string }, more: Partial<Verdict> = {}): string {
    return JSON.stringify({
      v: 1,
      type: "verdict",
      session: this.session,
      command: command.id,
      hash: eventHash(command.line),
      time: this.#time + this.#n * 100 + 1,
      decision: "pass",
      final: true,
      reasons: [],
      masks: [],
      holds: [],
      policies: ["ci-works-on-orders"],
      shadow: [],
      revision: 1,
      ...more,
    } satisfies Verdict);
  }

  approval(command: { id: CommandId }, hold: Approval["hold"], principal: Principal): string {
    return JSON.stringify({
      v: 1,
      type: "approval",
      session: this.session,
      command: command.id,
      hold,
      time: this.#time + this.#n * 100 + 2,
      answer: "approve",
      principal,
      reason: "looks right",
    } satisfies Approval);
  }

  /** An executed command's result, for output in the given parts. */
  result(
    command: { id: CommandId },
    verdict: string | null,
    output: readonly Uint8Array[] = [],
    more: Partial<Result> = {},
  ): string {
    const hash = createHash("sha256");
    for (const part of output) hash.update(part);
    return this.event({
      type: "result",
      command: command.id,
      outcome: "executed",
      verdict: verdict === null ? null : eventHash(verdict),
      rows: 1,
      bytes: output.reduce((sum, part) => sum + part.length, 0),
      output: output.length === 0 ? null : hash.digest("hex"),
      parts: output.length,
      tags: ["SELECT 1"],
      sent: this.#time,
      ended: this.#time + 5,
      ...more,
    });
  }

  chunks(command: { id: CommandId }, bodies: readonly Uint8Array[]): OutputChunk[] {
    return bodies.map((body, index) => ({
      header: {
        v: 1,
        type: "output",
        session: this.session,
        command: command.id,
        kind: "rows",
        part: index + 1,
        bytes: body.length,
      },
      body,
    }));
  }

  close(): string {
    return this.event({ type: "close", count: this.#n + 1, reason: "terminated", bytes: 100 });
  }
}
