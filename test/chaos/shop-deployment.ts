import { randomBytes } from "node:crypto";
import { Client } from "pg";
import type { Archive } from "@sallyport/evidence";
import type { readSigningPublicKey } from "@sallyport/runtime";
import {
  startOidcProvider,
  startPostgres,
  type OidcProvider,
  type PostgresServer,
} from "@sallyport/testkit";
import type { Deployed, Entrance } from "./deployed.ts";
import { shopSql } from "./shop.ts";

/** The shop's database, who may come to it, and the password of its log-in. */
export interface Shop {
  readonly target: PostgresServer;
  readonly provider: OidcProvider;
  readonly people: ReadonlySet<string>;
  readonly password: string;
}

/** `jobs`: client ids, all of group ci, owned by bob; `people` by log-in name. Both end with `resources`. */
export async function openShop(
  resources: AsyncDisposableStack,
  jobs: readonly string[],
  people: Readonly<Record<string, { readonly groups: readonly string[] }>>,
): Promise<Shop> {
  const target = resources.use(await startPostgres());
  const password = randomBytes(18).toString("base64url");
  await target.query(`CREATE ROLE shop_app LOGIN PASSWORD '${password}'`);
  await target.query("CREATE DATABASE shop OWNER shop_app");
  await target.query(`SET ROLE shop_app; ${shopSql}`, undefined, "shop");
  const provider = resources.use(
    await startOidcProvider({
      clients: Object.fromEntries(jobs.map((job) => [job, { groups: ["ci"], owner: "bob" }])),
      people,
    }),
  );
  return { target, provider, people: new Set(Object.keys(people)), password };
}

/** What deployments of the shop have in common: its database, its people's tokens and its evidence. */
export abstract class ShopDeployment implements Deployed, AsyncDisposable {
  readonly archive: Archive;
  readonly signing: ReturnType<typeof readSigningPublicKey>;
  readonly #shop: Shop;
  readonly #resources: AsyncDisposableStack;
  readonly #tokens = new Map<string, { text: Promise<string>; at: number }>();

  constructor(
    resources: AsyncDisposableStack,
    shop: Shop,
    evidence: Pick<Deployed, "archive" | "signing">,
  ) {
    this.#resources = resources;
    this.#shop = shop;
    this.archive = evidence.archive;
    this.signing = evidence.signing;
  }

  abstract get workers(): readonly Entrance[];
  abstract get machines(): Deployed["machines"];
  abstract get approvals(): readonly string[];

  get target(): PostgresServer {
    return this.#shop.target;
  }

  /** A fresh token of a job or a person. */
  tokenOf(who: string): Promise<string> {
    const { people, provider } = this.#shop;
    return people.has(who) ? provider.personToken(who) : provider.jobToken(who);
  }

  token(who = "ci-runner"): Promise<string> {
    const known = this.#tokens.get(who);
    if (known && performance.now() - known.at < 300_000) return known.text;
    const text = this.tokenOf(who);
    this.#tokens.set(who, { text, at: performance.now() });
    return text;
  }

  async pastTheGateway(text: string): Promise<void> {
    const { host, port } = this.target;
    const user = "shop_app";
    const { password } = this.#shop;
    const client = new Client({ host, port, database: "shop", user, password });
    await client.connect();
    await client.query(text);
    await client.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
