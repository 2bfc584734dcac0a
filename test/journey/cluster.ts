import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type ClientConfig, type QueryResultRow } from "pg";
import type { ConfigText } from "@sallyport/contracts";
import {
  ArchiveReader,
  checkSession,
  openArchive,
  sessionLine,
  type Archive,
  type SessionRecord,
} from "@sallyport/evidence";
import { loadConfig } from "@sallyport/runtime";
import {
  psql,
  runSally,
  SallyUp,
  startOidcProvider,
  startPostgres,
  startPsql,
  waitFor,
  type OidcClient,
  type OidcPerson,
  type OidcProvider,
  type PostgresOptions,
  type PostgresServer,
  type PsqlResult,
  type RunningPsql,
  type SallyResult,
} from "@sallyport/testkit";
import { isLateBeat, unlessBeatIsLate } from "./late-beat.ts";
import { ServiceHandle } from "./service-handle.ts";
import { shopSchema, writeClusterConfig } from "./cluster-config.ts";

export interface ClusterOptions {
  /** By client id. By default `ci-runner` (group ci, owned by bob) and `agent` (group contractors). */
  jobs?: Readonly<Record<string, OidcClient>>;
  /** By log-in name. By default alice and bob (group dba), and carol without a group. */
  people?: Readonly<Record<string, OidcPerson>>;
  /** Runs in database `shop` as its owner, `shop_app`; the demo's shop by default. */
  sql?: string;
  /** Cedar text; the demo's policies by default. They lie in `policies/` and may be edited and applied. */
  policies?: string;
  /** Changes the config before it is written. */
  change?: (config: ConfigText) => void;
  workers?: number;
  /** Of the target. With `tls`, the proxy dials it by `verify-full`. */
  postgres?: PostgresOptions;
  /** Seconds that a token is valid. */
  lifetime?: number;
  /** Further variables of `sally up`. */
  env?: Record<string, string>;
}

const defaultJobs = {
  "ci-runner": { groups: ["ci"], owner: "bob" },
  agent: { groups: ["contractors"], owner: "carol" },
};
const defaultPeople = { alice: { groups: ["dba"] }, bob: { groups: ["dba"] }, carol: {} };

/** A whole deployment with a real target and a real identity provider, in a folder of its own. */
export class Cluster implements AsyncDisposable {
  readonly directory: string;
  readonly config: string;
  readonly target: PostgresServer;
  /** What the proxy logs in to the target with. */
  readonly targetPassword: string;
  readonly provider: OidcProvider;
  readonly archive: Archive;
  #up: SallyUp;
  readonly #options: ClusterOptions;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    resources: AsyncDisposableStack,
    options: ClusterOptions,
    parts: Pick<
      Cluster,
      "directory" | "config" | "target" | "targetPassword" | "provider" | "archive"
    > & {
      up: SallyUp;
    },
  ) {
    this.#resources = resources;
    this.#options = options;
    this.directory = parts.directory;
    this.config = parts.config;
    this.target = parts.target;
    this.targetPassword = parts.targetPassword;
    this.provider = parts.provider;
    this.#up = parts.up;
    this.archive = parts.archive;
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    await using begun = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "sallyport-journey-"));
    begun.defer(() => rm(directory, { recursive: true, force: true }));
    const target = begun.use(await startPostgres(options.postgres));
    const targetPassword = randomBytes(18).toString("base64url");
    await target.query(`CREATE ROLE shop_app LOGIN PASSWORD '${targetPassword}'`);
    await target.query("CREATE DATABASE shop OWNER shop_app");
    const sql = options.sql ?? readFileSync(shopSchema, "utf8");
    await target.query(`SET ROLE shop_app; ${sql}`, undefined, "shop");
    const provider = begun.use(
      await startOidcProvider({
        clients: options.jobs ?? defaultJobs,
        people: options.people ?? defaultPeople,
        ...(options.lifetime !== undefined && { lifetime: options.lifetime }),
      }),
    );
    let ca: string | undefined;
    if (target.certificate !== undefined) {
      ca = join(directory, "target-ca.pem");
      await writeFile(ca, target.certificate);
    }
    const config = writeClusterConfig({
      directory,
      issuer: provider.issuer,
      target: { port: target.port, ca },
      policies: options.policies,
      change: options.change,
    });
    const up = await startUp(directory, config, targetPassword, options);
    const cluster = new Cluster(begun.move(), options, {
      directory,
      config,
      target,
      targetPassword,
      provider,
      archive: await openArchive(loadConfig(config)),
      up,
    });
    return cluster;
  }

  get up(): SallyUp {
    return this.#up;
  }

  /** The data directory of `sally up`. */
  get data(): string {
    return join(this.directory, ".sallyport");
  }

  /** A fresh token of a job or a person. */
  token(who: string): Promise<string> {
    return who in (this.#options.people ?? defaultPeople)
      ? this.provider.personToken(who)
      : this.provider.jobToken(who);
  }

  /** libpq's environment for the gateway; `token` instead of a fresh one. */
  async env(who: string, token?: string): Promise<Record<string, string>> {
    const { host, port } = this.#up.address("postgres");
    const { ca } = this.#up.listen;
    return {
      PGHOST: host,
      PGPORT: String(port),
      PGDATABASE: "shop",
      PGUSER: who,
      PGPASSWORD: token ?? (await this.token(who)),
      ...(ca !== undefined && { PGSSLMODE: "verify-full", PGSSLROOTCERT: ca }),
    };
  }

  /** psql through the gateway, to its end: a statement, or psql's own arguments. */
  async psql(
    who: string,
    command: string | readonly string[],
    options: { input?: string; token?: string; env?: Record<string, string> } = {},
  ): Promise<PsqlResult> {
    const { input, token, env } = options;
    const args = typeof command === "string" ? ["-At", "-c", command] : command;
    const to = { ...(await this.env(who, token)), ...env };
    for (;;) {
      const done = await psql(args, { env: to, ...(input !== undefined && { input }) });
      // It never came in; a command that is refused so is another matter.
      if (done.code !== 2 || !isLateBeat(done.stderr)) return done;
    }
  }

  /** psql that stays, for sessions that something ends. */
  async startPsql(who: string, args: readonly string[] = ["-At"]): Promise<RunningPsql> {
    return startPsql(args, { env: await this.env(who) });
  }

  /** For node-postgres. */
  async settings(who: string, over: ClientConfig = {}): Promise<ClientConfig> {
    const { host, port } = this.#up.address("postgres");
    const { ca } = this.#up.listen;
    return {
      host,
      port,
      database: "shop",
      user: who,
      password: await this.token(who),
      ssl: ca === undefined ? false : { ca: await readFile(ca, "utf8") },
      ...over,
    };
  }

  /** node-postgres through the gateway, connected; ends with `await using`, or by `end()`. */
  async connect(who: string, over: ClientConfig = {}): Promise<Client & AsyncDisposable> {
    const settings = await this.settings(who, over);
    const client = await unlessBeatIsLate(async () => {
      const one = new Client(settings);
      one.on("error", () => undefined); // a session that is ended is no failure by itself
      await one.connect();
      return one;
    });
    return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
  }

  /** Asks the target itself, as superuser, past the gateway. */
  truth<Row extends QueryResultRow = QueryResultRow>(text: string): Promise<Row[]> {
    return this.target.query<Row>(text, undefined, "shop");
  }

  /** A command line of `sally`, for this deployment; `as` gives it a person's token. */
  async sally(args: readonly string[], as?: string): Promise<SallyResult> {
    return runSally([...args, "--config", this.config], {
      env: as === undefined ? {} : { SALLY_TOKEN: await this.token(as) },
    });
  }

  /** The objects of `sally … --json`. */
  async sallyJson(args: readonly string[], as?: string): Promise<Record<string, unknown>[]> {
    const { stdout, stderr, code } = await this.sally([...args, "--json"], as);
    if (code !== 0) throw new Error(`sally ${args.join(" ")}: ${stderr}`);
    return stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  approve(hold: string, as: string): Promise<SallyResult> {
    return this.sally(["approvals", "approve", hold], as);
  }

  deny(hold: string, as: string): Promise<SallyResult> {
    return this.sally(["approvals", "deny", hold], as);
  }

  /** A process of the deployment, to be killed or frozen; of several workers, by name. */
  service(service: string, name?: string): ServiceHandle {
    return new ServiceHandle(() => this.#up.services(), service, name);
  }

  get nats(): ServiceHandle {
    return this.service("nats-server");
  }

  worker(name = "w1"): ServiceHandle {
    return this.service("proxy", name);
  }

  /** Waits until a worker's process has logged that it serves: `replaced` tells of one that has only begun. */
  async serves(pid: number): Promise<void> {
    await waitFor(
      async () =>
        (await this.log())
          .split("\n")
          .some((line) => line.includes(`"pid":${pid},`) && line.includes('"msg":"serving"')),
      { what: `process ${pid} to serve` },
    );
  }

  /** What all of them logged. */
  log(): Promise<string> {
    return this.#up.log();
  }

  reader(): ArchiveReader {
    return new ArchiveReader(this.archive);
  }

  /** Waits until the archive has a session that fits, in the form that `sally sessions list --json` has. */
  archived(
    fits: (session: Record<string, unknown>) => boolean,
    what = "the session in the archive",
  ): Promise<Record<string, unknown>> {
    return waitFor(
      async () => {
        const lines = (await this.reader().sessions()).map((one) => ({ ...sessionLine(one) }));
        return lines.filter(({ protocol }) => protocol !== "operator").find(fits);
      },
      { what, every: 200 },
    );
  }

  /**
   * The record of a session that fits and has ended, as it is when all of it is in the archive: results and the rows
   * they tell of travel apart, so that a session's end may be there before its last rows.
   */
  async recorded(
    fits: (session: Record<string, unknown>) => boolean,
    what?: string,
  ): Promise<SessionRecord> {
    const { session } = await this.archived((one) => one["closed"] !== null && fits(one), what);
    return waitFor(
      async () => {
        const reader = this.reader();
        const parts = (await reader.sessions()).find((one) => sessionLine(one).session === session);
        const record = parts && (await reader.read(parts, true));
        const [finding] = record ? checkSession(record) : [];
        if (finding) throw new Error(finding.text);
        return record;
      },
      { what: `all of session ${String(session)} in the archive`, every: 200 },
    );
  }

  /** Ends `sally up` in order and starts it again from what it left; ports may change. */
  async restart(): Promise<void> {
    await this.#up.stop();
    this.#up = await startUp(this.directory, this.config, this.targetPassword, this.#options);
  }

  async stop(): Promise<void> {
    await this.#up.stop();
    await this.#resources.disposeAsync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts PostgreSQL, an identity provider and `sally up` with all five services. */
export function startCluster(options?: ClusterOptions): Promise<Cluster> {
  return Cluster.start(options);
}

function startUp(
  directory: string,
  config: string,
  password: string,
  options: ClusterOptions,
): Promise<SallyUp> {
  return SallyUp.start({
    config,
    data: join(directory, ".sallyport"),
    log: join(directory, "sally.log"),
    env: { SHOP_PASSWORD: password, ...options.env },
    args: options.workers === undefined ? [] : ["--workers", String(options.workers)],
  });
}
