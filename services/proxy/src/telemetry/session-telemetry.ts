import type { Close, CommandId, Open, SessionId } from "@sallyport/contracts";
import type { Span } from "@sallyport/runtime";
import type { CommandFields, RecordWatch } from "../record.ts";
import { CommandTelemetry } from "./command-telemetry.ts";
import type { ProxyTelemetry } from "./proxy-telemetry.ts";
import { traceparentIn } from "./sql-commenter.ts";

type Fields<Method extends keyof RecordWatch> = Parameters<RecordWatch[Method]>[0];

/**
 * One session as telemetry sees it: a span from its first event to its last, and for each command a trace of its own
 * that is linked to it (a session may last for days). Whose it is stays in the evidence: no principal, no address.
 */
export class SessionTelemetry implements RecordWatch {
  readonly #shared: ProxyTelemetry;
  readonly #session: SessionId;
  readonly #open = new Set<CommandId>();
  #span: Span | undefined;
  #connection = "other";
  /** The proxy's own sessions log in nobody. */
  #ours = false;
  #loggedIn = false;

  constructor(shared: ProxyTelemetry, session: SessionId) {
    this.#shared = shared;
    this.#session = session;
  }

  opened(fields: Pick<Open, "connection" | "address" | "protocol">): string | undefined {
    this.#connection = this.#shared.connection(fields.connection);
    this.#ours = fields.address === "own";
    this.#span = this.#shared.telemetry.span("session", {
      kind: "server",
      attributes: {
        "sallyport.session.id": this.#session,
        "sallyport.connection": this.#connection,
        "network.protocol.name": fields.protocol,
      },
    });
    return this.#span.traceparent;
  }

  command(fields: CommandFields): string | undefined {
    const { command, kind, text } = fields;
    const { telemetry } = this.#shared;
    const session = this.#span?.traceparent;
    // A log-in is the session's own beginning; what follows has traces of its own.
    const inSession = kind === "connect" && !this.#loggedIn;
    const begun = new CommandTelemetry(telemetry, {
      parent: inSession ? session : traceparentIn(text),
      links: inSession ? [] : [session],
      attributes: {
        "sallyport.session.id": this.#session,
        "sallyport.command.id": command,
        "sallyport.command.kind": kind,
        "sallyport.connection": this.#connection,
        ...(telemetry.statements && text !== "" && { "db.query.text": text }),
      },
      connection: this.#connection,
      kind,
    });
    this.#shared.begin(command, begun);
    this.#open.add(command);
    return begun.traceparent;
  }

  refused({ code }: Fields<"refused">): string | undefined {
    if (this.#loggedIn)
      this.#shared.telemetry.count("sallyport.refusals", 1, { "sallyport.code": code });
    return this.#span?.traceparent;
  }

  result(fields: Fields<"result">): string | undefined {
    this.#open.delete(fields.command);
    const found = this.#shared.take(fields.command);
    found?.ended(fields);
    if (found?.kind === "connect" && fields.outcome === "executed" && !fields.error)
      this.#logIn("ok");
    return found?.traceparent;
  }

  own(): string | undefined {
    return this.#span?.traceparent;
  }

  closed({ reason, bytes }: Pick<Close, "reason" | "bytes">): string | undefined {
    this.#logIn(reason);
    for (const command of this.#open) this.#shared.take(command)?.abandoned();
    this.#span?.set({ "sallyport.reason": reason, "sallyport.bytes": bytes });
    this.#span?.end();
    return this.#span?.traceparent;
  }

  #logIn(outcome: string): void {
    if (this.#loggedIn || this.#ours) return;
    this.#loggedIn = true;
    this.#shared.telemetry.count("sallyport.logins", 1, { "sallyport.outcome": outcome });
  }
}
