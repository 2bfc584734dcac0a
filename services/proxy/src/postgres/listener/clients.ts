import type { Socket } from "node:net";
import { addressText, type Log, type SallyError } from "@sallyport/runtime";
import { errorFrame, refusal } from "../refusal.ts";
import { shakeHands, type Outcome } from "./handshake.ts";
import type { CancelRequest, Incoming } from "./incoming.ts";
import { mostHandshakes, ownOpenFilesLimit } from "./open-files.ts";
import { sendOff } from "./send-off.ts";
import type { TlsAcceptor } from "./tls-acceptor.ts";

export interface ClientsOptions {
  /** Milliseconds from the accept to the end of the log-in. */
  readonly handshake: number;
  /**
   * Clients that may be between accept and StartupMessage at a time; over that the oldest is dropped, which is one
   * that dawdles. By default 1000, and never more than a quarter of the files that this process may open.
   */
  readonly maxHandshakes?: number;
  readonly log: Log;
  /** Asked once a StartupMessage is there: why the client is told to go, if it is. */
  readonly admit: () => SallyError | null;
  readonly onStartup: (incoming: Incoming) => void;
  /**
   * The client's connection closes when the promise settles, as PostgreSQL's does once the signal is sent: who then
   * sends on does not have the next statement cancelled.
   */
  readonly onCancel: (request: CancelRequest, address: string) => Promise<void>;
}

/** The clients that have not started yet. */
export class Clients {
  readonly #options: ClientsOptions;
  readonly #acceptor: TlsAcceptor | null;
  readonly #most: number;
  readonly #unserved: (err: Error) => void;
  /** Oldest first. */
  readonly #sockets = new Set<Socket>();

  constructor(
    options: ClientsOptions,
    acceptor: TlsAcceptor | null,
    unserved: (err: Error) => void,
  ) {
    this.#options = options;
    this.#acceptor = acceptor;
    this.#unserved = unserved;
    this.#most = options.maxHandshakes ?? mostHandshakes(ownOpenFilesLimit());
  }

  get size(): number {
    return this.#sockets.size;
  }

  take(socket: Socket): void {
    socket.on("error", () => undefined);
    const gone = () => this.#sockets.delete(socket);
    socket.once("close", gone);
    this.#sockets.add(socket);
    if (this.#sockets.size > this.#most) {
      this.#unserved(
        new Error("more clients are in their handshakes than may be; the oldest goes"),
      );
      this.#sockets.values().next().value?.destroy();
    }
    const { remoteAddress, remotePort } = socket;
    // It left before we looked.
    if (remoteAddress === undefined) return void socket.destroy();
    const address = addressText({
      // An IPv4 client of a listener on `::`.
      host: remoteAddress.replace(/^::ffff:(?=\d+\.)/, ""),
      port: remotePort ?? 0,
    });
    const deadline = AbortSignal.timeout(this.#options.handshake);
    shakeHands(socket, this.#acceptor, deadline, this.#options.handshake)
      .then((outcome) => {
        this.#act(outcome, address, deadline, () => {
          socket.off("close", gone);
          gone();
        });
        if (outcome.kind === "lost") socket.destroy();
      })
      .catch((err: unknown) => {
        this.#options.log.error({ err, address }, "a client could not be served");
        socket.destroy();
      });
  }

  #act(outcome: Outcome, address: string, deadline: AbortSignal, release: () => void): void {
    const { log, admit, onStartup, onCancel } = this.#options;
    switch (outcome.kind) {
      case "started": {
        const { socket, startup, rest, tls } = outcome;
        // Its `close` may have been told already, when nobody listened.
        if (socket.destroyed) return;
        const no = admit();
        if (no) {
          log.info({ address, code: no.code }, "refused before the log-in");
          return sendOff(socket, errorFrame(refusal(no), "FATAL"));
        }
        release();
        return onStartup({ socket, startup, rest, tls, address, deadline });
      }
      case "cancel":
        return void onCancel({ pid: outcome.pid, key: outcome.key }, address).finally(() =>
          sendOff(outcome.socket),
        );
      case "refused":
        log.info({ address, code: outcome.why.code }, "refused before the log-in");
        return sendOff(outcome.socket, errorFrame(outcome.why, "FATAL"));
      case "lost":
        log.debug({ address, why: outcome.why }, "lost before the log-in");
        return;
    }
  }
}
