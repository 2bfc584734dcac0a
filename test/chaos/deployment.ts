import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCredentials } from "@sallyport/bus";
import type { ConfigText } from "@sallyport/contracts";
import { S3Store } from "@sallyport/evidence/s3";
import { makeKeys, readSigningPublicKey } from "@sallyport/runtime";
import { runSally, startS3, waitFor, type S3Server } from "@sallyport/testkit";
import { BusCluster } from "./bus-cluster.ts";
import { Machine, type ServiceName } from "./machine.ts";
import { openShop, ShopDeployment, type Shop } from "./shop-deployment.ts";
import { shopColumns, shopPeople, shopPolicies } from "./shop.ts";

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
export class Deployment extends ShopDeployment {
  readonly bus: BusCluster;
  readonly s3: S3Server;
  readonly machines: readonly Machine[];

  private constructor(
    resources: AsyncDisposableStack,
    shop: Shop,
    parts: Pick<Deployment, "bus" | "s3" | "machines" | "archive" | "signing">,
  ) {
    super(resources, shop, parts);
    this.bus = parts.bus;
    this.s3 = parts.s3;
    this.machines = parts.machines;
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
    const shop = await openShop(begun, ["ci-runner"], shopPeople);
    const { target } = shop;
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
            issuer: shop.provider.issuer,
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
          columns: shopColumns,
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
          env: { SHOP_PASSWORD: shop.password, ...s3.env() },
        }),
      ),
    );
    const running: Machine[] = [];
    for (const one of started) if (one.status === "fulfilled") running.push(begun.use(one.value));
    for (const one of started) if (one.status === "rejected") throw one.reason;
    Object.assign(process.env, s3.env());
    return new Deployment(begun.move(), shop, {
      bus,
      s3,
      machines: running,
      archive: new S3Store({ bucket, prefix: "", endpoint: s3.endpoint }),
      signing: readSigningPublicKey(keys),
    });
  }

  get workers(): readonly Machine[] {
    return this.machines.filter(({ service }) => service === "proxy");
  }

  get approvals(): readonly string[] {
    return this.machines.flatMap((machine) => machine.approval ?? []);
  }
}
