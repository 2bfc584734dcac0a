import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { addressText, type Log, type SallyError } from "@sallyport/runtime";
import { errorFrame, refusal } from "../refusal.ts";
import { CertificateWatch, readCertificate, type CertificateFiles } from "./certificate-watch.ts";
import { shakeHands, type Outcome } from "./handshake.ts";
import type { CancelRequest, Incoming } from "./incoming.ts";
import { sendOff } from "./send-off.ts";
import { TlsAcceptor } from "./tls-acceptor.ts";

export interface ListenerOptions {
  /** Port 0: a free one. */
  readonly address: { readonly host: string; readonly port: number };
  /** PEM files; when they change, handshakes from then on use the new ones. */
  readonly tls: "off" | CertificateFiles;
  /** Milliseconds between two looks at the files; 2 s by default. */
  readonly reloadEvery?: number;
  /** Milliseconds from the accept to the end of the log-in. */
  readonly handshake: number;
  /** Clients that may be between accept and StartupMessage at a time; over that the oldest is dropped. */
  readonly maxHandshakes?: number;
  /** Several processes listen on one port, and the kernel shares the clients out. */
  readonly reusePort: boolean;
  readonly log: Log;
  /** Asked once a StartupMessage is there: why the client is told to go, if it is. */
  readonly admit: () => SallyError | null;
  readonly onStartup: (incoming: Incoming) => void;
  readonly onCancel: (request: CancelRequest, address: string) => void;
}

export interface PostgresListener {
  readonly host: string;
  readonly port: number;
  /** Clients between accept and StartupMessage, and those that are just being told why they are refused. */
  readonly handshakes: number;
  /** Looks at the certificate now. True when another one is used from now on. */
  reload(): boolean;
  /** Accepts nobody any more. Who is connected stays, those in their handshakes too. */
  close(): Promise<void>;
}

/** @throws Error when the address cannot be had, or the certificate cannot be used */
export async function openPostgresListener(options: ListenerOptions): Promise<PostgresListener> {
  const { tls, log } = options;
  const certificate = tls === "off" ? null : readCertificate(tls);
  const acceptor = certificate && new TlsAcceptor(certificate);
  const clients = new Clients(options, acceptor);
  const server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  });
  server.on("connection", (socket) => clients.take(socket));
  await listen(server, options);
  server.on("error", troubleWith(log));
  const watch =
    tls !== "off" && certificate && acceptor
      ? new CertificateWatch(
          {
            files: tls,
            use: (next) => acceptor.use(next),
            every: options.reloadEvery ?? 2000,
            log,
          },
          certificate,
        )
      : null;
  const { address: host, port } = server.address() as AddressInfo;
  return {
    host,
    port,
    get handshakes() {
      return clients.size;
    },
    reload: () => watch?.look() ?? false,
    close: async () => {
      watch?.stop();
      // Its callback waits for every socket to end; the port is free at once.
      server.close();
    },
  };
}

/** The clients that have not started yet. */
class Clients {
  readonly #options: ListenerOptions;
  readonly #acceptor: TlsAcceptor | null;
  /** Oldest first. */
  readonly #sockets = new Set<Socket>();

  constructor(options: ListenerOptions, acceptor: TlsAcceptor | null) {
    this.#options = options;
    this.#acceptor = acceptor;
  }

  get size(): number {
    return this.#sockets.size;
  }

  take(socket: Socket): void {
    socket.on("error", () => undefined);
    const gone = () => this.#sockets.delete(socket);
    socket.once("close", gone);
    this.#sockets.add(socket);
    if (this.#sockets.size > (this.#options.maxHandshakes ?? 1000))
      this.#sockets.values().next().value?.destroy();
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
        if (outcome.kind === "lost") socket.destroy();
        if (outcome.kind === "started") {
          socket.off("close", gone);
          gone();
        }
        this.#act(outcome, address, deadline);
      })
      .catch((err: unknown) => {
        this.#options.log.error({ err, address }, "a client could not be served");
        socket.destroy();
      });
  }

  #act(outcome: Outcome, address: string, deadline: AbortSignal): void {
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
        return onStartup({ socket, startup, rest, tls, address, deadline });
      }
      case "cancel":
        sendOff(outcome.socket);
        return onCancel({ pid: outcome.pid, key: outcome.key }, address);
      case "refused":
        log.info({ address, code: outcome.why.code }, "refused before the log-in");
        return sendOff(outcome.socket, errorFrame(outcome.why, "FATAL"));
      case "lost":
        log.debug({ address, why: outcome.why }, "lost before the log-in");
        return;
    }
  }
}

async function listen(server: Server, { address, reusePort }: ListenerOptions): Promise<void> {
  server.listen({ host: address.host, port: address.port, reusePort, backlog: 1024 });
  await once(server, "listening");
}

/** Out of files, mostly: libuv drops such a client and goes on accepting. Told once in 10 s. */
function troubleWith(log: Log): (err: Error) => void {
  let told = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return (err) => {
    untold++;
    if (performance.now() - told < 10_000) return;
    log.error({ err, clients: untold }, "clients cannot be accepted");
    told = performance.now();
    untold = 0;
  };
}
