import type { Socket } from "node:net";
import { FrameReader, Frontend, ProtocolError, toClient, type Startup } from "@sallyport/pgwire";
import { isErrorCode, SallyError } from "@sallyport/runtime";
import { Name, newCommandId, type Principal } from "@sallyport/contracts";
import type { Identified } from "../identify.ts";
import type { Passage } from "../gate.ts";
import type { Incoming } from "./listener/incoming.ts";
import { sendOff } from "./listener/send-off.ts";
import { holdNotice } from "./hold-notice.ts";
import { denied, errorFrame, refusal, refusalOf, type Refusal } from "./refusal.ts";

/** A client that leaves, or is refused, during the log-in. */
export class LogInEnded extends Error {
  readonly refusal: Refusal | null;
  constructor(why: Refusal | null) {
    super(why?.code ?? "the client left");
    this.refusal = why;
  }
}

/** What may be larger than any statement may be is refused, and costs the session nothing else. */
const large = [Frontend.Query, Frontend.Parse, Frontend.Bind, Frontend.FunctionCall];

/** The newest minor version of protocol 3 that we speak; 3.1 was never used. */
const newestMinor = 2;

/** The client's side of a log-in: frames in order, each awaited, until the session takes the socket over. */
export class ClientLine {
  readonly socket: Socket;
  readonly reader: FrameReader;
  readonly minor: number;
  readonly #incoming: Incoming;
  #wake: () => void = () => undefined;
  #gone = false;
  #late = false;

  constructor(incoming: Incoming, maxBuffered: number) {
    this.#incoming = incoming;
    this.socket = incoming.socket;
    this.reader = new FrameReader({ from: "frontend", maxBuffered, inParts: large });
    this.reader.push(incoming.rest);
    this.minor = incoming.startup.minor >= newestMinor ? newestMinor : 0;
    this.socket
      .on("data", this.#data)
      .on("close", this.#closed)
      .on("error", () => undefined);
    if (incoming.deadline.aborted) this.#expire();
    else incoming.deadline.addEventListener("abort", this.#expire, { once: true });
    this.socket.resume();
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Tells of a departure once; at once when it has happened. */
  onGone(listener: () => void): void {
    if (this.#gone) listener();
    else this.socket.once("close", listener);
  }

  /** Speaks the version and options that both know (PostgreSQL 18, 54.2.1). */
  negotiate(): void {
    const { minor, protocolOptions } = this.#incoming.startup;
    if (minor !== this.minor || protocolOptions.length > 0)
      this.socket.write(toClient.negotiateProtocolVersion(this.minor, protocolOptions));
  }

  say(frame: Buffer): void {
    this.socket.write(frame);
  }

  /** The client's next message, which has to be of a log-in. @param expected for the text @throws LogInEnded */
  async authenticationMessage(expected: string): Promise<Buffer> {
    for (;;) {
      const frames = this.#next();
      if (frames) {
        if (frames.kind !== "frames" || frames.type !== Frontend.Password)
          throw new LogInEnded(
            refusalOf("protocol-violation", { problem: `${expected} was expected` }),
          );
        return frames.bytes;
      }
      if (this.#gone) throw new LogInEnded(null);
      if (this.#late) throw new LogInEnded(refusalOf("handshake-deadline", { limit: "allowed" }));
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** From now on the handshake's deadline means nothing. */
  loggedIn(): void {
    this.#incoming.deadline.removeEventListener("abort", this.#expire);
  }

  /** The session takes the socket; what came meanwhile is in the reader. */
  release(): void {
    this.loggedIn();
    this.socket.pause();
    this.socket.off("data", this.#data).off("close", this.#closed);
  }

  end(why: Refusal | null): void {
    this.socket.off("data", this.#data);
    sendOff(this.socket, why ? errorFrame(why, "FATAL") : undefined);
  }

  #next() {
    try {
      return this.reader.next();
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      throw new LogInEnded(brokenProtocol(cause));
    }
  }

  readonly #data = (chunk: Buffer) => {
    this.reader.push(chunk);
    if (this.reader.pending > 1024 * 1024) this.socket.pause();
    this.#wake();
  };
  readonly #closed = () => {
    this.#gone = true;
    this.#wake();
  };
  readonly #expire = () => {
    this.#late = true;
    this.#wake();
  };
}

/** Who it is, or what the client is told; the principal is known when only its revocation stands against it. */
export function principalOf(identified: Identified): { principal: Principal; until: number } {
  switch (identified.type) {
    case "verified":
      return { principal: identified.principal, until: identified.until };
    case "absent":
      throw new LogInEnded(refusalOf("authn-absent"));
    case "unverified":
      throw new LogInEnded(
        refusal(new SallyError(isErrorCode(identified.code) ? identified.code : "token-refused")),
      );
  }
}

/** Waits for both gates; while held, the client hears for what. @throws LogInEnded when they stay closed */
export async function passGates(
  line: ClientLine,
  connection: string,
  submit: (tell: (passage: Passage) => void) => { cancel: () => void },
): Promise<Extract<Passage, { kind: "open" }>> {
  const { promise, resolve, reject } = Promise.withResolvers<Extract<Passage, { kind: "open" }>>();
  const pending = submit((passage) => {
    switch (passage.kind) {
      case "open":
        return resolve(passage);
      case "held":
        line.socket.write(holdNotice(passage, Date.now()));
        return;
      case "closed":
        return reject(new ConnectRefused(passage, connection));
    }
  });
  line.onGone(() => pending.cancel());
  return promise;
}

/** The gates' own no to a log-in. An unknown connection and a forbidden one answer alike. */
export class ConnectRefused extends LogInEnded {
  readonly passage: Extract<Passage, { kind: "closed" }>;
  constructor(passage: Extract<Passage, { kind: "closed" }>, connection: string) {
    super(
      passage.code === "policy-denied"
        ? refusalOf("connection-refused", { connection })
        : passage.code === "hold-denied" && passage.verdict
          ? denied(passage.verdict)
          : refusalOf(passage.code, { hold: passage.verdict?.hold?.id ?? "", limit: "time" }),
    );
    this.passage = passage;
  }
}

export const brokenProtocol = ({ code, sqlstate, message }: ProtocolError): Refusal => ({
  code,
  said: { sqlstate, message },
});

/** What of the start-up parameters is kept as evidence, and how the client said who it is. */
export function clientOf(startup: Startup, form: string | undefined): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of startup.parameters) kept[name] = value.slice(0, 512);
  return {
    ...kept,
    protocol: `3.${startup.minor}`,
    ...(form !== undefined && { authentication: form }),
  };
}

export const isConnectionName = (text: string): boolean => Name.safeParse(text).success;

export const refusedLogIn = (why: Refusal) => ({
  command: newCommandId(),
  text: "",
  textHash: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  code: why.code,
  message: why.said.message,
});
