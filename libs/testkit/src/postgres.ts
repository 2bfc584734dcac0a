import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client, type QueryResult, type QueryResultRow } from "pg";
import { makeCertificate } from "./certificate.ts";
import { freePort } from "./free-port.ts";
import { LeashedProcess } from "./leash.ts";
import { give, makeCluster, reachableBinaries, serverUser } from "./postgres-template.ts";
import { logLinePrefix, parseStatementLog, type LoggedStatement } from "./statement-log.ts";
import { waitFor } from "./wait-for.ts";

/** Majors that the gateway serves, and 14, which it refuses. */
export type PostgresMajor = 14 | 15 | 16 | 17 | 18;

/** The major of servers for which a test names none: `SALLY_TEST_POSTGRES`, else 18. */
export function defaultPostgres(): PostgresMajor {
  const named = process.env["SALLY_TEST_POSTGRES"] ?? "18";
  const major = ([14, 15, 16, 17, 18] as const).find((one) => String(one) === named);
  if (major === undefined) throw new Error(`SALLY_TEST_POSTGRES: no major \`${named}\` is known`);
  return major;
}

export interface PostgresOptions {
  /** By default that of `defaultPostgres`. */
  major?: PostgresMajor;
  /** For postgresql.conf, over the testkit's own: every statement logged, no syncing to disk. */
  settings?: Record<string, string>;
  /** Run once as superuser in database `postgres`, when the server is up. */
  sql?: string;
  /** Lines of pg_hba.conf for TCP; by default every log-in needs SCRAM-SHA-256. */
  hba?: readonly string[];
  /** TLS with a certificate of its own for `localhost` and 127.0.0.1. */
  tls?: boolean;
}

const ownName = "sallyport-testkit";

/** A real PostgreSQL on a free loopback port, in a cluster of its own. */
export class PostgresServer implements AsyncDisposable {
  readonly host = "127.0.0.1";
  readonly port: number;
  readonly superuser = "postgres";
  readonly password: string = randomBytes(12).toString("hex");
  /** PEM of the authority to verify the server by, with `tls`. */
  readonly certificate: string | undefined;
  readonly #directory: string;
  readonly #binaries: string;
  #process: LeashedProcess | undefined;
  #paused: number[] = [];

  private constructor(
    port: number,
    directory: string,
    binaries: string,
    certificate: string | undefined,
  ) {
    this.port = port;
    this.#directory = directory;
    this.#binaries = binaries;
    this.certificate = certificate;
  }

  static async create(options: PostgresOptions = {}): Promise<PostgresServer> {
    const major = options.major ?? defaultPostgres();
    const directory = await mkdtemp(join(tmpdir(), "sallyport-pg-"));
    try {
      const binaries = await reachableBinaries(major);
      await makeCluster(major, join(directory, "data"));
      const certificate = await configure(directory, options);
      const server = await startOnFreePort(
        (port) => new PostgresServer(port, directory, binaries, certificate?.certificate),
      );
      await server.query(`ALTER ROLE postgres PASSWORD '${server.password}'`);
      if (options.sql !== undefined) await server.query(options.sql);
      return server;
    } catch (cause) {
      await rm(directory, { recursive: true, force: true });
      throw cause;
    }
  }

  get pid(): number {
    if (!this.#process?.running) throw new Error("PostgreSQL is not running");
    return this.#process.pid;
  }

  /** For libpq, as superuser. */
  url(database = "postgres"): string {
    return `postgresql://${this.superuser}:${this.password}@${this.host}:${this.port}/${database}`;
  }

  /** Starts a server that was killed or stopped: same port, same data. */
  async start(): Promise<void> {
    if (this.#process?.running) return;
    const late = performance.now() + 60_000;
    for (;;) {
      const before = (await this.log().catch(() => "")).length;
      if (await this.#launch()) return;
      const log = await this.log();
      // Of a server that was killed, the last processes may not have noticed yet.
      const shared = log.slice(before).includes("pre-existing shared memory block");
      if (!shared || performance.now() > late) throw new Error(`PostgreSQL did not start: ${log}`);
      await delay(100);
    }
  }

  /** False when it ended at once. */
  async #launch(): Promise<boolean> {
    const data = join(this.#directory, "data");
    const args = ["-D", data, "-p", String(this.port), "-k", this.#directory, "-h", this.host];
    const server = await LeashedProcess.start(join(this.#binaries, "bin", "postgres"), args, {
      directory: this.#directory,
      temporary: true,
      log: this.#logFile,
      signal: "QUIT",
      ...serverUser,
    });
    this.#process = server;
    await waitFor(async () => !server.running || (await this.query("SELECT 1 AS one")).length > 0, {
      what: "PostgreSQL to answer",
      timeout: 60_000,
    });
    return server.running;
  }

  /**
   * Runs one statement, or a string of several, as superuser, over the Unix socket that asks no password, and gives
   * the rows of the last one.
   */
  async query<Row extends QueryResultRow = QueryResultRow>(
    text: string,
    parameters?: readonly unknown[],
    database = "postgres",
  ): Promise<Row[]> {
    const client = new Client({
      host: this.#directory,
      port: this.port,
      user: this.superuser,
      database,
      application_name: ownName,
    });
    await client.connect();
    try {
      const result: QueryResult<Row> | QueryResult<Row>[] = await client.query<Row>(
        text,
        parameters ? [...parameters] : undefined,
      );
      return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? [];
    } finally {
      await client.end();
    }
  }

  /** The server's own log. A statement is there before it runs. */
  log(): Promise<string> {
    return readFile(this.#logFile, "utf8");
  }

  /** The statements that the server says it ran, but for those of `query`. */
  async statements(): Promise<LoggedStatement[]> {
    return parseStatementLog(await this.log()).filter(({ application }) => application !== ownName);
  }

  async kill(signal: NodeJS.Signals = "SIGQUIT"): Promise<void> {
    await this.#process?.end(signal);
  }

  async restart(signal: NodeJS.Signals = "SIGINT"): Promise<void> {
    await this.kill(signal);
    await this.start();
  }

  /** Stops the server and its sessions without closing a connection: it looks like a machine that hangs. */
  async pause(): Promise<void> {
    const backends = await this.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
    );
    this.#paused = [this.pid, ...backends.map(({ pid }) => pid)];
    this.#signalPaused("SIGSTOP");
  }

  resume(): void {
    this.#signalPaused("SIGCONT");
    this.#paused = [];
  }

  async stop(): Promise<void> {
    this.resume();
    await this.kill("SIGINT");
    await rm(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #logFile(): string {
    return join(this.#directory, "postgres.log");
  }

  /** A session that has ended meanwhile is no error. */
  #signalPaused(signal: NodeJS.Signals): void {
    for (const pid of this.#paused) {
      try {
        process.kill(pid, signal);
      } catch (cause) {
        if (!(cause instanceof Error && "code" in cause && cause.code === "ESRCH")) throw cause;
      }
    }
  }
}

export function startPostgres(options?: PostgresOptions): Promise<PostgresServer> {
  return PostgresServer.create(options);
}

async function startOnFreePort(make: (port: number) => PostgresServer): Promise<PostgresServer> {
  for (let attempt = 1; ; attempt++) {
    const server = make(await freePort());
    try {
      await server.start();
      return server;
    } catch (cause) {
      await server.kill();
      if (attempt === 3) throw cause;
    }
  }
}

async function configure(
  directory: string,
  options: PostgresOptions,
): Promise<{ certificate: string; key: string } | undefined> {
  const data = join(directory, "data");
  const certificate = options.tls ? await makeCertificate() : undefined;
  const settings: Record<string, string> = {
    fsync: "off",
    shared_buffers: "16MB",
    max_connections: "100",
    lc_messages: "C",
    log_statement: "all",
    log_line_prefix: logLinePrefix,
    log_parameter_max_length: "-1",
    ...(certificate && { ssl: "on" }),
    ...options.settings,
  };
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`,
  );
  await writeFile(join(data, "postgresql.auto.conf"), lines.join(""));
  const hba = [
    "local all postgres trust",
    ...(options.hba ?? ["host all all 127.0.0.1/32 scram-sha-256"]),
  ];
  await writeFile(join(data, "pg_hba.conf"), `${hba.join("\n")}\n`);
  if (certificate) {
    await writeFile(join(data, "server.crt"), certificate.certificate);
    await writeFile(join(data, "server.key"), certificate.key);
    await chmod(join(data, "server.key"), 0o600);
  }
  await give(directory);
  return certificate;
}
