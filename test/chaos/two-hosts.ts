import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { busUser, createCredentials, natsServerConfig } from "@sallyport/bus";
import type { ConfigText } from "@sallyport/contracts";
import { openArchive } from "@sallyport/evidence";
import { loadConfig, makeKeys, readSigningPublicKey } from "@sallyport/runtime";
import {
  runSally,
  startNats,
  startPsql,
  type RunningPsql,
  type SallyResult,
} from "@sallyport/testkit";
import { writeClusterConfig } from "../journey/cluster-config.ts";
import type { Deployed } from "./deployed.ts";
import { Host } from "./host.ts";
import { openShop, ShopDeployment, type Shop } from "./shop-deployment.ts";
import { shopColumns } from "./shop.ts";

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
export class TwoHosts extends ShopDeployment {
  readonly a: Host;
  readonly b: Host;
  readonly #admin: string;

  private constructor(
    resources: AsyncDisposableStack,
    shop: Shop,
    parts: Pick<TwoHosts, "a" | "b" | "archive" | "signing"> & { admin: string },
  ) {
    super(resources, shop, parts);
    this.a = parts.a;
    this.b = parts.b;
    this.#admin = parts.admin;
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
    const shop = await openShop(begun, jobs, people);

    const archive = join(directory, "archive");
    const configAt = (place: string, own: { credentials: string; keys: string }): string =>
      writeClusterConfig({
        directory: place,
        issuer: shop.provider.issuer,
        target: { port: shop.target.port, ca: undefined },
        policies,
        change: (config) => {
          config.nats = { servers: [nats.url], credentials: own.credentials };
          config.keys = { directory: own.keys };
          const { shop: connection } = config.connections;
          if (connection) connection.columns = shopColumns;
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
          env: { SHOP_PASSWORD: shop.password },
        }),
      ),
    );
    if (!a || !b) throw new Error("two machines were started");
    begun.use(a);
    begun.use(b);
    return new TwoHosts(begun.move(), shop, {
      a,
      b,
      archive: await openArchive(loadConfig(admin)),
      signing: readSigningPublicKey(keys),
      admin,
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

  get approvals(): readonly string[] {
    return [this.a.approval, this.b.approval];
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
}
