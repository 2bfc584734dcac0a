import type { Server as TlsServer } from "node:https";
import type { FastifyInstance } from "fastify";
import type { Alarms } from "./alarms.ts";
import { CertificateWatch, readCertificate, type CertificateFiles } from "./certificate-watch.ts";
import { asSallyError, SallyError } from "./errors.ts";
import type { Log } from "./log.ts";
import { isLoopback } from "./loopback.ts";

/** Whether a part serves, and since when or why not; `details` go on the page as they are. */
export interface Readiness {
  readonly ready: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface HttpOptions {
  readonly service: string;
  readonly address: { readonly host: string; readonly port: number };
  /** PEM files; when they change, connections from then on get the new certificate. */
  readonly tls?: CertificateFiles;
  /** Milliseconds between two looks at the files; 2 s by default. */
  readonly reloadEvery?: number;
  readonly log: Log;
  readonly alarms: Alarms;
  readonly readiness: () => Readiness | Promise<Readiness>;
  /** What `/metrics` answers, as Prometheus text; no such page when it is left out. */
  readonly metrics?: (() => Promise<string>) | null | undefined;
  readonly routes?: (app: FastifyInstance) => void | Promise<void>;
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The HTTP listener of a service: its own routes, `/healthz` (the process lives) and `/readyz` (it serves; 503 when
 * not). Errors answer `{code, message, detail?, hint?}` of the catalogue; request bodies are JSON of at most 256 KiB.
 */
export async function openHttp(options: HttpOptions): Promise<HttpServer> {
  const { service, log, alarms } = options;
  if (!options.tls && !isLoopback(options.address.host))
    throw new Error(`${service} listens on \`${options.address.host}\` without TLS`);
  // Loaded when it is used: the CLI opens no listener, and should be quick.
  const { fastify } = await import("fastify");
  const certificate = options.tls && readCertificate(options.tls);
  const app = fastify({
    bodyLimit: 256 * 1024,
    requestTimeout: 30_000,
    forceCloseConnections: "idle",
    ...(certificate && { https: { ...certificate, minVersion: tlsVersion } }),
  });
  app.addHook("onSend", async (_request, reply) => {
    reply.headers({
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      ...(options.tls && { "strict-transport-security": "max-age=31536000" }),
    });
  });
  app.setErrorHandler(async (thrown, request, reply) => {
    const error = publicError(thrown);
    if (error.code === "internal")
      log.error({ err: thrown, route: request.routeOptions.url }, "a request failed");
    return reply.status(error.http).send(error.toJSON());
  });
  app.setNotFoundHandler(async (_request, reply) => {
    const error = new SallyError("not-found");
    return reply.status(error.http).send(error.toJSON());
  });
  app.get("/healthz", async () => ({ service, alive: true, uptime: Math.round(process.uptime()) }));
  app.get("/readyz", async (_request, reply) => {
    const { ready, details } = await options.readiness();
    return reply.status(ready ? 200 : 503).send({
      service,
      ready,
      time: new Date().toISOString(),
      alarms: alarms.counts,
      ...details,
    });
  });
  const { metrics } = options;
  if (metrics)
    app.get("/metrics", async (_request, reply) =>
      reply.type("text/plain; version=0.0.4; charset=utf-8").send(await metrics()),
    );
  await options.routes?.(app);
  await listen(app, options.address);
  const [bound] = app.addresses();
  if (typeof bound !== "object") throw new Error(`${service} has no address`);
  const watch =
    options.tls && certificate
      ? watchCertificate(app.server as TlsServer, options.tls, certificate, options)
      : null;
  return {
    host: bound.address,
    port: bound.port,
    close: async () => {
      watch?.stop();
      await app.close();
    },
  };
}

/** The system may give two listeners that ask for any port the same one, and tells the second. */
async function listen(app: FastifyInstance, address: HttpOptions["address"]): Promise<void> {
  for (let attempts = 5; ; attempts--) {
    try {
      return void (await app.listen({ host: address.host, port: address.port }));
    } catch (err) {
      const taken = err instanceof Error && "code" in err && err.code === "EADDRINUSE";
      if (address.port !== 0 || !taken || attempts === 1) throw err;
    }
  }
}

const tlsVersion = "TLSv1.2";

/** Who is connected stays; what does not fit together leaves the certificate as it was. */
const watchCertificate = (
  server: TlsServer,
  files: CertificateFiles,
  first: ReturnType<typeof readCertificate>,
  { log, reloadEvery = 2000 }: HttpOptions,
): CertificateWatch =>
  new CertificateWatch(
    {
      files,
      use: (next) => server.setSecureContext({ ...next, minVersion: tlsVersion }),
      every: reloadEvery,
      log,
    },
    first,
  );

/** Fastify's own refusals of a request (bad JSON, too large, wrong media type) keep what they say. */
function publicError(thrown: unknown): SallyError {
  if (
    thrown instanceof Error &&
    "statusCode" in thrown &&
    typeof thrown.statusCode === "number" &&
    thrown.statusCode < 500
  )
    return new SallyError("request-invalid", {
      params: { problem: thrown.message },
      cause: thrown,
    });
  return asSallyError(thrown);
}
