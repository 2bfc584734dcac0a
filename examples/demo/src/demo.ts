import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ArchiveReader, DirectoryStore } from "@sallyport/evidence";
import { dataDirectory, readSigningPublicKey } from "@sallyport/runtime";
import { hasPsql, runSally, SallyUp, type SallyResult } from "@sallyport/testkit";
import type { Client, ClientEnvironment } from "./client.ts";
import { writeConfig } from "./config.ts";
import { driverClient } from "./driver-client.ts";
import { DemoFolder } from "./folder.ts";
import { Identities, type Who } from "./identities.ts";
import { psqlClient } from "./psql-client.ts";
import type { Screen } from "./screen.ts";
import { Shop } from "./shop.ts";
import { objectsOf, type Stage } from "./stage.ts";

/** Everything that the demo runs, and what its steps do with it. */
export class Demo implements AsyncDisposable, Stage {
  readonly folder: DemoFolder;
  readonly shop: Shop;
  readonly identities: Identities;
  readonly up: SallyUp;
  readonly client: Client = hasPsql() ? psqlClient : driverClient;
  readonly archive: DirectoryStore;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    resources: AsyncDisposableStack,
    parts: Pick<Demo, "folder" | "shop" | "identities" | "up">,
  ) {
    this.#resources = resources;
    this.folder = parts.folder;
    this.shop = parts.shop;
    this.identities = parts.identities;
    this.up = parts.up;
    this.archive = new DirectoryStore(this.folder.file("archive"));
  }

  /** Starts all of it; what was begun ends when a part does not start. */
  static async start(screen: Screen): Promise<Demo> {
    await using begun = new AsyncDisposableStack();
    const folder = begun.use(new DemoFolder());
    const shop = await screen.progress("PostgreSQL 18 with the shop's database", async () =>
      begun.use(await Shop.start()),
    );
    const identities = await screen.progress(
      "an OpenID Connect provider: two jobs, two people",
      async () => begun.use(await Identities.start()),
    );
    const config = writeConfig(folder, { issuer: identities.provider.issuer, shop });
    const up = await screen.progress(
      "sally up: nats-server, authn, policy, approval, recorder, proxy",
      async () =>
        begun.use(
          await SallyUp.start({
            config,
            data: folder.file(".sallyport"),
            log: folder.file("sally.log"),
          }),
        ),
    );
    const demo = new Demo(begun.move(), { folder, shop, identities, up });
    await identities.keepFiles(folder, demo.gateway);
    return demo;
  }

  get authority(): string {
    return `${this.folder.typed}/.sallyport/tls/ca.pem`;
  }

  /** Where psql goes: the gateway, whose certificate is verified. */
  get gateway(): ClientEnvironment {
    const { host, port } = this.up.address("postgres");
    const { ca } = this.up.listen;
    return {
      PGHOST: host,
      PGPORT: String(port),
      PGDATABASE: "shop",
      ...(ca !== undefined && { PGSSLMODE: "verify-full", PGSSLROOTCERT: ca }),
    };
  }

  /** A client's environment: its name is a label, its token is the password. */
  as(who: Who): ClientEnvironment {
    return { ...this.gateway, PGUSER: who, PGPASSWORD: this.identities.token(who) };
  }

  /** A command line of `sally`, run where the demo's sallyport.yaml lies. */
  sally(args: readonly string[], as?: "alice" | "bob"): Promise<SallyResult> {
    return runSally(args, {
      cwd: this.folder.path,
      env: as === undefined ? {} : { SALLY_TOKEN: this.identities.token(as) },
    });
  }

  /** The objects that `sally … --json` prints, one a line. */
  async sallyJson(
    args: readonly string[],
    as?: "alice" | "bob",
  ): Promise<Record<string, unknown>[]> {
    return objectsOf(await this.sally([...args, "--json"], as));
  }

  reader(): ArchiveReader {
    return new ArchiveReader(this.archive);
  }

  get signingKey(): ReturnType<typeof readSigningPublicKey> {
    return readSigningPublicKey(dataDirectory(this.folder.file(".sallyport")).keys);
  }

  /** What the services logged. */
  log(): string {
    return readFileSync(join(this.folder.path, "sally.log"), "utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
