import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { createCredentials } from "@sallyport/bus";
import type { ConfigText } from "@sallyport/contracts";
import type { Archive } from "@sallyport/evidence";
import { S3Store } from "@sallyport/evidence/s3";
import { makeKeys, readSigningPublicKey } from "@sallyport/runtime";
import {
  runSally,
  startOidcProvider,
  startPostgres,
  startS3,
  waitFor,
  type OidcProvider,
  type PostgresServer,
  type S3Server,
} from "@sallyport/testkit";
import { BusCluster } from "./bus-cluster.ts";
import type { Deployed } from "./deployed.ts";
import { Machine, type ServiceName } from "./machine.ts";
import { shopPolicies, shopSql } from "./shop.ts";

const machines: readonly { service: ServiceName; name: string }[] = [
  { service: "authn", name: "authn-a" },
  { service: "authn", name: "authn-b" },
  { service: "policy", name: "policy-a" },
  { service: "policy", name: "policy-b" },
  { service: "approval", name: "approval" },
  { service: "recorder", name: "recorder-a" },
  { service: "recorder", name: "recorder-b" },
  { service: "proxy", name: "w1" },
  { service: "proxy", name: "w2" },
];

/**
 * A deployment over several machines: each service is `sally up --only` in a directory of its own, with its own keys,
 * and shares with the others three nats-servers (`durability: replicated`), an S3 server, and nothing else.
 */
export class Deployment implements Deployed, AsyncDisposable {
  readonly bus: BusCluster;
  readonly target: PostgresServer;
  readonly s3: S3Server;
  readonly machines: readonly Machine[];
  readonly archive: Archive;
  readonly signing: ReturnType<typeof readSigningPublicKey>;
  readonly #provider: OidcProvider;
  readonly #password: string;
  readonly #resources: AsyncDisposableStack;
  #token: { text: Promise<string>; at: number } | undefined;

  private constructor(
    resources: AsyncDisposableStack,
    parts: Pick<Deployment, "bus" | "target" | "s3" | "machines" | "archive" | "signing"> & {
      provider: OidcProvider;
      password: string;
    },
  ) {
    this.#resources = resources;
    this.bus = parts.bus;
    this.target = parts.target;
    this.s3 = parts.s3;
    this.machines = parts.machines;
    this.archive = parts.archive;
    this.signing = parts.signing;
    this.#provider = parts.provider;
    this.#password = parts.password;
  }

  static async start(): Promise<Deployment> {
    await using begun = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "sallyport-chaos-"));
    begun.defer(() => rm(directory, { recursive: true, force: true }));
    const credentials = join(directory, "credentials");
    const workers = machines.filter(({ service }) => service === "proxy").map(({ name }) => name);
    const users = await createCredentials(credentials, { workers });
    const keys = join(directory, "keys");
    await mkdir(keys, { mode: 0o700 });
    makeKeys(keys);
    const policyFolder = join(directory, "policies");
    await mkdir(policyFolder);
    await writeFile(join(policyFolder, "policies.cedar"), shopPolicies);

    const s3 = begun.use(await startS3());
    const bucket = await s3.bucket();
    const target = begun.use(await startPostgres());
    const password = randomBytes(18).toString("base64url");
    await target.query(`CREATE ROLE shop_app LOGIN PASSWORD '${password}'`);
    await target.query("CREATE DATABASE shop OWNER shop_app");
    await target.query(`SET ROLE shop_app; ${shopSql}`, undefined, "shop");
    const provider = begun.use(
      await startOidcProvider({ clients: { "ci-runner": { groups: ["ci"], owner: "bob" } } }),
    );
    const bus = begun.use(await BusCluster.start(directory, users));

    const config = (
      at: { target: number; s3: string; servers: string[] },
      own: string,
    ): ConfigText => ({
      listen: {
        postgres: { address: "127.0.0.1:0", tls: "self-signed" },
        authn: "127.0.0.1:0",
        policy: "127.0.0.1:0",
        approval: "127.0.0.1:0",
        recorder: "127.0.0.1:0",
      },
      nats: { servers: at.servers, credentials: own },
      keys: { directory: "./keys" },
      durability: "replicated",
      identity: {
        issuers: {
          corp: {
            issuer: provider.issuer,
            audience: "sallyport",
            kind: { claim: "kind", person: ["user"] },
          },
        },
      },
      connections: {
        shop: {
          protocol: "postgres",
          target: { host: "127.0.0.1", port: at.target, database: "shop", tls: "off" },
          credentials: { username: "shop_app", password: { env: "SHOP_PASSWORD" } },
          columns: {
            "public.customers.email": ["pii"],
            "public.customers.card_number": ["pii"],
          },
        },
      },
      policies: policyFolder,
      archive: { every: "1s", s3: { bucket, endpoint: at.s3 } },
      drain: "3s",
      log: "info",
    });
    const ports = new Map([...bus.nats.servers].map(([name, { port }]) => [name, port]));
    const admin = join(directory, "admin.yaml");
    const everywhere = {
      target: target.port,
      s3: s3.endpoint,
      servers: bus.nats.urls,
    };
    await writeFile(admin, JSON.stringify(config(everywhere, credentials)));
    await waitFor(
      async () => {
        const { code, stderr } = await runSally(["setup", "--config", admin]);
        if (code !== 0) throw new Error(stderr);
        return true;
      },
      { what: "the bus to be set up", timeout: 60_000, every: 500 },
    );
    const started = await Promise.allSettled(
      machines.map(({ service, name }) =>
        Machine.start({
          service,
          name,
          directory,
          credentials,
          keys,
          ports: { bus: ports, target: target.port, s3: s3.port },
          config: (at) => config(at, "./credentials"),
          env: { SHOP_PASSWORD: password, ...s3.env() },
        }),
      ),
    );
    const running: Machine[] = [];
    for (const one of started) if (one.status === "fulfilled") running.push(begun.use(one.value));
    for (const one of started) if (one.status === "rejected") throw one.reason;
    Object.assign(process.env, s3.env());
    return new Deployment(begun.move(), {
      bus,
      target,
      s3,
      machines: running,
      archive: new S3Store({ bucket, prefix: "", endpoint: s3.endpoint }),
      signing: readSigningPublicKey(keys),
      provider,
      password,
    });
  }

  get workers(): readonly Machine[] {
    return this.machines.filter(({ service }) => service === "proxy");
  }

  /** A statement of somebody who has the target's password. */
  async pastTheGateway(text: string): Promise<void> {
    const { host, port } = this.target;
    const user = "shop_app";
    const client = new Client({ host, port, database: "shop", user, password: this.#password });
    await client.connect();
    await client.query(text);
    await client.end();
  }

  /** A token that is good for some minutes more. */
  token(): Promise<string> {
    if (!this.#token || performance.now() - this.#token.at > 300_000)
      this.#token = { text: this.#provider.jobToken("ci-runner"), at: performance.now() };
    return this.#token.text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
