import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { ProtocolError, toClient, type Startup } from "@sallyport/pgwire";
import { SallyError } from "@sallyport/runtime";
import { refusal, type Refusal } from "../refusal.ts";
import { nextBytes } from "./next-bytes.ts";
import { StartupDialog } from "./startup-dialog.ts";
import type { TlsAcceptor } from "./tls-acceptor.ts";

export type Outcome =
  | {
      readonly kind: "started";
      readonly socket: Socket;
      readonly startup: Startup;
      readonly rest: Buffer;
      readonly tls: string | null;
    }
  | {
      readonly kind: "cancel";
      readonly socket: Socket;
      readonly pid: number;
      readonly key: Buffer;
    }
  /** The client is told. */
  | { readonly kind: "refused"; readonly socket: Socket; readonly why: Refusal }
  /** It left, or would not understand what it is told. */
  | { readonly kind: "lost"; readonly why: string };

/** From the accept to the StartupMessage. @param limit of the handshake, in milliseconds, for the text */
export async function shakeHands(
  plain: Socket,
  acceptor: TlsAcceptor | null,
  deadline: AbortSignal,
  limit: number,
): Promise<Outcome> {
  let socket = plain;
  let dialog = new StartupDialog("plain", acceptor !== null);
  try {
    for (;;) {
      const step = dialog.next();
      switch (step.kind) {
        case "read": {
          const bytes = await nextBytes(socket, deadline);
          if (bytes) dialog.push(bytes);
          else if (deadline.aborted && !socket.destroyed)
            throw new SallyError("handshake-deadline", { params: { limit: `${limit / 1000} s` } });
          else return { kind: "lost", why: "the client left" };
          break;
        }
        case "refuse-encryption":
          socket.write(toClient.encryptionRefused);
          break;
        case "begin-tls": {
          if (!acceptor) return { kind: "lost", why: "no certificate" };
          if (step.direct) socket.unshift(dialog.rest());
          else socket.write(toClient.encryptionAccepted);
          const result = await acceptor.accept(socket, step.direct, deadline);
          if (result.kind === "failed") return { kind: "lost", why: `TLS: ${result.why}` };
          socket = result.socket;
          dialog = new StartupDialog("tls", true);
          break;
        }
        case "cancel":
          return { kind: "cancel", socket, pid: step.pid, key: step.key };
        case "start":
          return {
            kind: "started",
            socket,
            startup: step.startup,
            rest: dialog.rest(),
            tls: socket instanceof TLSSocket ? tlsText(socket) : null,
          };
        case "hang-up":
          return { kind: "lost", why: step.why };
      }
    }
  } catch (cause) {
    if (cause instanceof SallyError) return { kind: "refused", socket, why: refusal(cause) };
    if (!(cause instanceof ProtocolError)) throw cause;
    const said = { sqlstate: cause.sqlstate, message: cause.message };
    return { kind: "refused", socket, why: { code: cause.code, said } };
  }
}

const tlsText = (socket: TLSSocket): string =>
  `${socket.getProtocol() ?? "TLS"} ${socket.getCipher().standardName}`;
