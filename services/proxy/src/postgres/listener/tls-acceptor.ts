import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Certificate } from "@sallyport/runtime";

export type TlsResult =
  | { readonly kind: "secure"; readonly socket: TLSSocket }
  | { readonly kind: "failed"; readonly why: string };

/** The only application protocol that is spoken here, as registered with IANA. */
const alpn = "postgresql";

/** The server's side of TLS, 1.2 or later, on sockets that somebody else accepted. */
export class TlsAcceptor {
  readonly #server: Server;
  /** Handshakes under way, by the socket's two ends. */
  readonly #waiting = new Map<string, (result: TlsResult) => void>();

  /** @throws Error when certificate and key do not fit each other, or cannot be read */
  constructor(certificate: Certificate) {
    // Never listens: sockets are put into it.
    this.#server = createServer({
      ...certificate,
      minVersion: "TLSv1.2",
      ALPNProtocols: [alpn],
    });
    this.#server
      .on("secureConnection", (socket) => {
        socket.on("error", () => undefined);
        socket.disableRenegotiation();
        const settle = this.#waiting.get(ends(socket));
        if (settle) settle({ kind: "secure", socket });
        else socket.destroy();
      })
      .on("tlsClientError", (error, socket) => {
        this.#waiting.get(ends(socket))?.({ kind: "failed", why: error.message });
      })
      .on("error", () => undefined);
  }

  /** For handshakes from now on. @throws Error and goes on with the old one */
  use(certificate: Certificate): void {
    this.#server.setSecureContext({ ...certificate, minVersion: "TLSv1.2" });
  }

  /**
   * Takes a plain socket, not flowing, through the handshake; destroys it when that fails or `deadline` aborts.
   * ALPN, where a client offers it, must have `postgresql`; with `direct` the client must offer it, so that no
   * other protocol's client is led here (as PostgreSQL 17 does).
   */
  accept(plain: Socket, direct: boolean, deadline: AbortSignal): Promise<TlsResult> {
    return new Promise((resolve) => {
      const id = ends(plain);
      const settle = (result: TlsResult) => {
        this.#waiting.delete(id);
        plain.off("close", closed);
        deadline.removeEventListener("abort", late);
        if (result.kind === "secure" && direct && result.socket.alpnProtocol !== alpn) {
          result.socket.destroy();
          resolve({ kind: "failed", why: `direct TLS without ALPN ${alpn}` });
        } else resolve(result);
      };
      const closed = () => settle({ kind: "failed", why: "the client left" });
      const late = () => {
        settle({ kind: "failed", why: "deadline" });
        plain.destroy();
      };
      if (plain.destroyed) return closed();
      if (deadline.aborted) return late();
      this.#waiting.set(id, settle);
      plain.once("close", closed);
      deadline.addEventListener("abort", late, { once: true });
      this.#server.emit("connection", plain);
    });
  }
}

const ends = ({ localAddress, localPort, remoteAddress, remotePort }: Socket): string =>
  `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
