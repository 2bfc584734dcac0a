import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { busUser, createCredentials, natsServerConfig } from "@sallyport/bus";
import type { ConfigText } from "@sallyport/contracts";
import { openArchive, type Archive } from "@sallyport/evidence";
import { loadConfig, makeKeys, readSigningPublicKey } from "@sallyport/runtime";
import {
  runSally,
  startNats,
  startOidcProvider,
  startPostgres,
  startPsql,
  type OidcProvider,
  type PostgresServer,
  type RunningPsql,
  type SallyResult,
} from "@sallyport/testkit";
import { writeClusterConfig } from "../journey/cluster-config.ts";
import type { Deployed } from "./deployed.ts";
import { Host } from "./host.ts";
import { shopSql } from "./shop.ts";

export interface TwoHostsOptions {
  /** Cedar text. */
  readonly policies: string;
  /** Client ids, all of group ci, owned by bob. */
  readonly jobs: readonly string[];
  /** By log-in name. */
  readonly people?: Readonly<Record<string, { readonly groups: readonly string[] }>>;
  /** Changes the config of both. */
  readonly change?: (config: ConfigText) => void;
}

/**
 * Two machines, each with all five services under keys of its own, and an operator on a third: they share a bus, an
 * archive, and nothing else.
 */
export class TwoHosts implements Deployed, AsyncDisposable {
  readonly a: Host;
  readonly b: Host;
  readonly target: PostgresServer;
  readonly archive: Archive;
  readonly signing: ReturnType<typeof readSigningPublicKey>;
  readonly #admin: string;
  readonly #provider: OidcProvider;
  readonly #people: ReadonlySet<string>;
  readonly #password: string;
  readonly #resources: AsyncDisposableStack;
  #token: { text: Promise<string>; at: number } | undefined;

  private constructor(
    resources: AsyncDisposableStack,
    parts: Pick<TwoHosts, "a" | "b" | "target" | "archive" | "signing"> & {
      admin: string;
      provider: OidcProvider;
      people: ReadonlySet<string>;
      password: string;
    },
  ) {
    this.#resources = resources;
    this.a = parts.a;
    this.b = parts.b;
    this.target = parts.target;
    this.archive = parts.archive;
    this.signing = parts.signing;
    this.#admin = parts.admin;
    this.#provider = parts.provider;
    this.#people = parts.people;
    this.#password = parts.password;
  }

  static async start({ policies, jobs, people = {}, change }: TwoHostsOptions): Promise<TwoHosts> {
    await using begun = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "sallyport-hosts-"));
    begun.defer(() => rm(directory, { recursive: true, force: true }));
    const credentials = join(directory, "credentials");
    const users = await createCredentials(credentials, { workers: ["w1", "w2"] });
    const keys = join(directory, "keys");
    await mkdir(keys, { mode: 0o700 });
    makeKeys(keys);

    const configFile = join(directory, "nats.conf");
    await writeFile(configFile, natsServerConfig({ users: users.map(busUser), port: 4222 }));
    const nats = begun.use(await startNats({ configFile }));
    const target = begun.use(await startPostgres());
    const password = randomBytes(18).toString("base64url");
    await target.query(`CREATE ROLE shop_app LOGIN PASSWORD '${password}'`);
    await target.query("CREATE DATABASE shop OWNER shop_app");
    await target.query(`SET ROLE shop_app; ${shopSql}`, undefined, "shop");
    const provider = begun.use(
      await startOidcProvider({
        clients: Object.fromEntries(jobs.map((job) => [job, { groups: ["ci"], owner: "bob" }])),
        people: Object.fromEntries(
          Object.entries(people).map(([name, { groups }]) => [name, { groups: [...groups] }]),
        ),
      }),
    );

    const archive = join(directory, "archive");
    const configAt = (place: string, own: { credentials: string; keys: string }): string =>
      writeClusterConfig({
        directory: place,
        issuer: provider.issuer,
        target: { port: target.port, ca: undefined },
        policies,
        change: (config) => {
          config.nats = { servers: [nats.url], credentials: own.credentials };
          config.keys = { directory: own.keys };
          config.archive = { directory: archive, every: "1s" };
          change?.(config);
        },
      });
    const adminDirectory = join(directory, "operator");
    await mkdir(adminDirectory);
    const admin = configAt(adminDirectory, { credentials, keys });
    const { code, stderr } = await runSally(["setup", "--config", admin]);
    if (code !== 0) throw new Error(stderr);

    const [a, b] = await Promise.all(
      (["w1", "w2"] as const).map((worker, index) =>
        Host.start({
          name: `machine ${"ab"[index]}`,
          worker,
          directory,
          credentials,
          keys,
          config: (place) => configAt(place, { credentials: "./credentials", keys: "./keys" }),
          env: { SHOP_PASSWORD: password },
        }),
      ),
    );
    if (!a || !b) throw new Error("two machines were started");
    begun.use(a);
    begun.use(b);
    return new TwoHosts(begun.move(), {
      a,
      b,
      target,
      archive: await openArchive(loadConfig(admin)),
      signing: readSigningPublicKey(keys),
      admin,
      provider,
      people: new Set(Object.keys(people)),
      password,
    });
  }

  get workers(): readonly Host[] {
    return [this.a, this.b];
  }

  get machines(): Deployed["machines"] {
    return [...this.a.machines, ...this.b.machines];
  }

  /** The other one. */
  beside(host: Host): Host {
    return host === this.a ? this.b : this.a;
  }

  /** A fresh token of a job or a person. */
  tokenOf(who: string): Promise<string> {
    return this.#people.has(who) ? this.#provider.personToken(who) : this.#provider.jobToken(who);
  }

  token(): Promise<string> {
    if (!this.#token || performance.now() - this.#token.at > 300_000)
      this.#token = { text: this.tokenOf("ci-runner"), at: performance.now() };
    return this.#token.text;
  }

  /** psql on one of the machines, or wherever `over` leads it. */
  async psql(
    host: Host,
    who: string,
    args: readonly string[],
    over: Record<string, string> = {},
  ): Promise<RunningPsql> {
    const env = { ...host.env(who), PGPASSWORD: await this.tokenOf(who), ...over };
    return startPsql(args, { env });
  }

  /** The operator's command line; `as` gives it a person's token. */
  async sally(args: readonly string[], as?: string): Promise<SallyResult> {
    return runSally([...args, "--config", this.#admin], {
      env: as === undefined ? {} : { SALLY_TOKEN: await this.tokenOf(as) },
    });
  }

  async pastTheGateway(text: string): Promise<void> {
    const { host, port } = this.target;
    const user = "shop_app";
    const client = new Client({ host, port, database: "shop", user, password: this.#password });
    await client.connect();
    await client.query(text);
    await client.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
