import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import {
  CertificateWatch,
  readCertificate,
  type CertificateFiles,
  type Log,
} from "@sallyport/runtime";
import { Clients, type ClientsOptions } from "./clients.ts";
import { TlsAcceptor } from "./tls-acceptor.ts";

export interface ListenerOptions extends ClientsOptions {
  /** Port 0: a free one. */
  readonly address: { readonly host: string; readonly port: number };
  /** PEM files; when they change, handshakes from then on use the new ones. */
  readonly tls: "off" | CertificateFiles;
  /** Milliseconds between two looks at the files; 2 s by default. */
  readonly reloadEvery?: number;
  /** Several processes listen on one port, and the kernel shares the clients out. */
  readonly reusePort: boolean;
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
  const unserved = tellOfUnserved(log);
  const clients = new Clients(options, acceptor, unserved);
  const server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  });
  server.on("connection", (socket) => clients.take(socket));
  await listen(server, options);
  server.on("error", unserved);
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

async function listen(server: Server, { address, reusePort }: ListenerOptions): Promise<void> {
  server.listen({ host: address.host, port: address.port, reusePort, backlog: 1024 });
  await once(server, "listening");
}

/**
 * Clients that are not served are told of once in 10 s. Not those that come when the process is out of files, which
 * roomForSession and the bound on handshakes are for: libuv drops them silently and goes on accepting.
 */
function tellOfUnserved(log: Log): (err: Error) => void {
  let told = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return (err) => {
    untold++;
    if (performance.now() - told < 10_000) return;
    log.error({ err, clients: untold }, "clients are not served");
    told = performance.now();
    untold = 0;
  };
}
