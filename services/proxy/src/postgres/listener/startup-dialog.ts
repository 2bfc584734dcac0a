import { isDirectTls, ProtocolError, StartupReader, type Startup } from "@sallyport/pgwire";
import { SallyError } from "@sallyport/runtime";

/** What to do next for a client that has not started yet. */
export type Step =
  | { readonly kind: "read" }
  | { readonly kind: "refuse-encryption" }
  /** `direct`: the client speaks TLS already, and `rest` has its first bytes. */
  | { readonly kind: "begin-tls"; readonly direct: boolean }
  | { readonly kind: "cancel"; readonly pid: number; readonly key: Buffer }
  | { readonly kind: "start"; readonly startup: Startup }
  /** The client would not understand an answer. */
  | { readonly kind: "hang-up"; readonly why: string };

/**
 * What a client may say before its StartupMessage, on one layer: once in plain text, once more within TLS, with
 * nothing taken over from the first (PostgreSQL 18, 54.2.10 to 54.2.12). Holds at most 10,000 bytes and a chunk.
 */
export class StartupDialog {
  readonly #layer: "plain" | "tls";
  readonly #offersTls: boolean;
  readonly #reader = new StartupReader();
  readonly #asked = new Set<"ssl-request" | "gssenc-request">();
  #direct: boolean | undefined;

  constructor(layer: "plain" | "tls", offersTls: boolean) {
    this.#layer = layer;
    this.#offersTls = offersTls;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#direct ??= this.#layer === "plain" && isDirectTls(chunk);
    this.#reader.push(chunk);
  }

  /** What was pushed and not read. */
  rest(): Buffer {
    return this.#reader.rest();
  }

  /** @throws ProtocolError, or SallyError `tls-required` */
  next(): Step {
    if (this.#direct === true)
      return this.#offersTls
        ? { kind: "begin-tls", direct: true }
        : { kind: "hang-up", why: "TLS where none is spoken" };
    const packet = this.#reader.next();
    switch (packet?.kind) {
      case undefined:
        return { kind: "read" };
      case "ssl-request":
      case "gssenc-request":
        if (this.#layer === "tls" || this.#asked.has(packet.kind))
          throw new ProtocolError("startup-packet", "encryption was asked for a second time");
        this.#asked.add(packet.kind);
        return packet.kind === "ssl-request" && this.#offersTls
          ? { kind: "begin-tls", direct: false }
          : { kind: "refuse-encryption" };
      case "cancel-request":
        return { kind: "cancel", pid: packet.pid, key: packet.key };
      case "startup":
        if (this.#layer === "plain" && this.#offersTls) throw new SallyError("tls-required");
        return { kind: "start", startup: packet };
    }
  }
}
