import { BodyReader } from "./body-reader.ts";
import { ProtocolError } from "./protocol-error.ts";

/** What may come before the first typed frame. */
export type StartupPacket =
  | { readonly kind: "ssl-request" }
  | { readonly kind: "gssenc-request" }
  | { readonly kind: "cancel-request"; readonly pid: number; readonly key: Buffer }
  | Startup;

export interface Startup {
  readonly kind: "startup";
  readonly major: number;
  readonly minor: number;
  /** As sent, in order, the later of two alike; `_pq_.` options are apart. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Names of protocol options (`_pq_.…`): what is not supported is told by NegotiateProtocolVersion. */
  readonly protocolOptions: readonly string[];
}

/** MAX_STARTUP_PACKET_LENGTH of PostgreSQL. */
const maxLength = 10_000;
const sslRequest = (1234 << 16) | 5679;
const gssencRequest = (1234 << 16) | 5680;
const cancelRequest = (1234 << 16) | 5678;

/** The first byte of a TLS record of type handshake: a client that speaks TLS without asking. */
export function isDirectTls(chunk: Buffer): boolean {
  return chunk[0] === 0x16;
}

/** Reads packets without a type byte, holding at most one of them (10,000 bytes) besides the last chunk. */
export class StartupReader {
  #held: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
  }

  /** What was pushed and not read: the first typed frames, for a FrameReader. Empties the reader. */
  rest(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }

  /** Once a startup or cancel-request was given, the bytes that follow belong to `rest`. */
  next(): StartupPacket | undefined {
    if (this.#held.length < 4) return undefined;
    const length = this.#held.readInt32BE(0);
    if (length < 8 || length > maxLength)
      throw new ProtocolError("startup-packet", "invalid length of startup packet");
    if (this.#held.length < length) return undefined;
    const packet = parseStartupPacket(this.#held.subarray(0, length));
    this.#held = this.#held.subarray(length);
    // CVE-2021-23222: what was sent before the TLS handshake must not be taken as sent within it.
    if (
      this.#held.length > 0 &&
      (packet.kind === "ssl-request" || packet.kind === "gssenc-request")
    )
      throw new ProtocolError(
        "startup-packet",
        "received unencrypted data after a request for encryption",
      );
    return packet;
  }
}

/** @param packet one whole packet, its length included. @throws ProtocolError */
export function parseStartupPacket(packet: Buffer): StartupPacket {
  const body = new BodyReader(packet, 4);
  const code = body.int32();
  switch (code) {
    case sslRequest:
    case gssencRequest:
      if (body.left > 0) throw new ProtocolError("startup-packet", "invalid startup packet layout");
      return { kind: code === sslRequest ? "ssl-request" : "gssenc-request" };
    case cancelRequest: {
      if (body.left < 8 || body.left > 4 + 256)
        throw new ProtocolError("startup-packet", "invalid length of cancel request packet");
      return { kind: "cancel-request", pid: body.int32(), key: body.rest() };
    }
    default:
      return parseStartup(code, body);
  }
}

function parseStartup(code: number, body: BodyReader): Startup {
  const major = code >>> 16;
  if (major !== 3)
    throw new ProtocolError(
      "startup-packet",
      `unsupported frontend protocol ${major}.${code & 0xffff}`,
    );
  const parameters = new Map<string, string>();
  const protocolOptions: string[] = [];
  try {
    for (let name = body.text(); name !== ""; name = body.text()) {
      const value = body.text();
      if (name.startsWith("_pq_.")) protocolOptions.push(name);
      else parameters.set(name, value);
    }
    body.end();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError("startup-packet", `invalid startup packet layout: ${error.message}`);
  }
  return { kind: "startup", major, minor: code & 0xffff, parameters, protocolOptions };
}
