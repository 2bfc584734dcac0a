import { createHash } from "node:crypto";
import {
  parseBackend,
  toTarget,
  type AuthenticationRequest,
  type MessageFields,
} from "@sallyport/pgwire";
import { ScramClient, ScramError, type ChannelBinding } from "./scram.ts";
import { TargetError } from "./target-error.ts";

export interface LoginOptions {
  readonly user: string;
  /** Undefined: only a target that trusts us lets us in. */
  readonly password: string | undefined;
  readonly database: string;
  /** More for the startup packet (GUCs, `options`), judged already. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What the channel to the target is worth. */
  readonly channel: Channel;
}

export interface Channel {
  /** Over TLS, or not leaving this host: without, a password in clear text is not sent. */
  readonly private: boolean;
  /** tls-server-end-point, where there is a certificate to bind to. */
  readonly serverEndPoint: Buffer | undefined;
}

export interface LoggedIn {
  /** As the target reported them, `server_version` among them. */
  readonly parameters: Map<string, string>;
  readonly pid: number;
  /** For CancelRequest; empty if the target gave none. */
  readonly key: Buffer;
  /** What it had to say besides. */
  readonly notices: readonly MessageFields[];
}

export type LoginStep =
  | { readonly kind: "send"; readonly bytes: Buffer }
  | { readonly kind: "wait" }
  | { readonly kind: "logged-in"; readonly result: LoggedIn };

/** A target may say this much before it is ready. */
const maxParameters = 500;
const maxNotices = 20;
const wait: LoginStep = { kind: "wait" };

/**
 * The gateway's log-in to a target, without a socket: send `startup()`, then hand each frame to `step`.
 * No error carries the password. A password is never sent in clear text over a channel that is not
 * private, and once SCRAM has begun, nothing counts but the server's own proof.
 */
export class Login {
  readonly #options: LoginOptions;
  #scram: ScramClient | undefined;
  #state: "asked" | "scram-first" | "scram-final" | "answered" | "in" = "asked";
  readonly #parameters = new Map<string, string>();
  readonly #notices: MessageFields[] = [];
  #pid = 0;
  #key: Buffer = Buffer.alloc(0);

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  startup(): Buffer {
    const { user, database, parameters } = this.#options;
    for (const name of ["user", "database", "replication"])
      if (parameters.has(name)) throw new RangeError(`\`${name}\` is no parameter to hand on`);
    return toTarget.startupMessage([["user", user], ["database", database], ...parameters]);
  }

  /** @throws TargetError */
  async step(frame: Buffer): Promise<LoginStep> {
    const message = parseBackend(frame);
    switch (message.kind) {
      case "authentication":
        return this.#authenticate(message);
      case "parameter-status":
        if (this.#parameters.size >= maxParameters) throw unexpected("too many parameters");
        this.#parameters.set(message.name, message.value);
        return wait;
      case "backend-key-data":
        this.#pid = message.pid;
        // Memory of its own: it stays for as long as the session, and would keep what it is a part of.
        this.#key = Buffer.alloc(message.key.length, message.key);
        return wait;
      case "notice":
        if (this.#notices.length < maxNotices) this.#notices.push(this.#clean(message.fields));
        return wait;
      case "error":
        throw new TargetError("target-refused-login", "the target refuses the log-in", {
          said: this.#clean(message.fields),
        });
      case "negotiate-protocol-version":
        // We ask for 3.0 and no options; a target cannot offer less.
        throw unexpected("the target speaks no protocol 3.0");
      case "ready-for-query":
        if (this.#state !== "in") throw unexpected("ready before it let us in");
        return {
          kind: "logged-in",
          result: {
            parameters: this.#parameters,
            pid: this.#pid,
            key: this.#key,
            notices: this.#notices,
          },
        };
      case "row-description":
      case "data-row":
      case "command-complete":
      case "empty-query":
      case "parse-complete":
      case "bind-complete":
      case "close-complete":
      case "no-data":
      case "portal-suspended":
      case "parameter-description":
      case "function-call-response":
      case "copy-in":
      case "copy-out":
      case "copy-both":
      case "copy-data":
      case "copy-done":
      case "notification":
        throw unexpected(`${message.kind} before it let us in`);
    }
  }

  async #authenticate(request: AuthenticationRequest): Promise<LoginStep> {
    switch (request.method) {
      case "ok":
        // A server that skips its proof might be one that only collects passwords.
        if (this.#state !== "asked" && this.#state !== "answered")
          throw disagree("the target let us in without its proof");
        this.#state = "in";
        return wait;
      case "cleartext-password":
        if (!this.#options.channel.private)
          throw disagree(
            "the target wants the password in clear text, and the connection is not encrypted",
          );
        return this.#answer(toTarget.passwordMessage(this.#password()));
      case "md5-password":
        return this.#answer(
          toTarget.passwordMessage(md5Answer(this.#options.user, this.#password(), request.salt)),
        );
      case "sasl":
        return this.#scramFirst(request.mechanisms);
      case "sasl-continue": {
        const scram = this.#expect("scram-first");
        this.#state = "scram-final";
        return {
          kind: "send",
          bytes: toTarget.saslResponse(await checked(() => scram.final(request.data))),
        };
      }
      case "sasl-final": {
        const scram = this.#expect("scram-final");
        await checked(() => scram.verify(request.data));
        this.#state = "answered";
        return wait;
      }
      case "unsupported":
        throw disagree(`the target wants authentication method ${request.code}`);
    }
  }

  #answer(bytes: Buffer): LoginStep {
    if (this.#state !== "asked") throw disagree("the target asks for a second proof");
    this.#state = "answered";
    return { kind: "send", bytes };
  }

  #scramFirst(mechanisms: readonly string[]): LoginStep {
    if (this.#state !== "asked") throw disagree("the target asks for a second proof");
    const plus = mechanisms.includes("SCRAM-SHA-256-PLUS");
    if (!plus && !mechanisms.includes("SCRAM-SHA-256"))
      throw disagree("the target offers no SCRAM-SHA-256");
    const hash = this.#options.channel.serverEndPoint;
    const binding: ChannelBinding =
      hash === undefined
        ? { kind: "none" }
        : plus
          ? { kind: "tls-server-end-point", hash }
          : { kind: "not-offered" };
    this.#scram = new ScramClient(this.#password(), binding);
    this.#state = "scram-first";
    return {
      kind: "send",
      bytes: toTarget.saslInitialResponse(this.#scram.mechanism, this.#scram.first()),
    };
  }

  #expect(state: "scram-first" | "scram-final"): ScramClient {
    if (this.#scram === undefined || this.#state !== state) throw unexpected("SASL out of turn");
    return this.#scram;
  }

  #password(): string {
    const { password } = this.#options;
    if (password === undefined || password === "" || password.includes("\0"))
      throw disagree("the target wants a password, and there is none that can be sent");
    return password;
  }

  /** I5: a target that echoes the password does not get it into a log. */
  #clean(fields: MessageFields): MessageFields {
    const { password } = this.#options;
    if (password === undefined || password === "") return fields;
    return Object.fromEntries(
      Object.entries(fields).map(([name, text]) => [name, text.replaceAll(password, "****")]),
    );
  }
}

/** `md5` and the hex of md5(md5(password ‖ user) ‖ salt). */
function md5Answer(user: string, password: string, salt: Buffer): string {
  const md5 = (...parts: (string | Buffer)[]) => {
    const hash = createHash("md5");
    for (const part of parts) hash.update(part);
    return hash.digest("hex");
  };
  return `md5${md5(md5(password, user), salt)}`;
}

async function checked<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof ScramError) throw disagree(cause.message);
    throw cause;
  }
}

const unexpected = (what: string) => new TargetError("target-protocol", what);
const disagree = (what: string) => new TargetError("target-authentication", what);
