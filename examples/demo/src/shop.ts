import { readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { startPostgres, type PostgresServer } from "@sallyport/testkit";

const seed = readFileSync(new URL("../shop.sql", import.meta.url), "utf8");

/** The target: a real PostgreSQL with the shop's database, whose owner only the gateway can log in as. */
export class Shop implements AsyncDisposable {
  readonly #server: PostgresServer;
  readonly password: string;

  private constructor(server: PostgresServer, password: string) {
    this.#server = server;
    this.password = password;
  }

  static async start(): Promise<Shop> {
    const server = await startPostgres();
    const password = randomBytes(18).toString("base64url");
    await server.query(`CREATE ROLE shop_app LOGIN PASSWORD '${password}'`);
    await server.query("CREATE DATABASE shop OWNER shop_app");
    await server.query(`SET ROLE shop_app; ${seed}`, undefined, "shop");
    return new Shop(server, password);
  }

  get port(): number {
    return this.#server.port;
  }

  /** Asks the target itself, past the gateway: what is true there. */
  async count(from: string): Promise<number> {
    const [row] = await this.#server.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${from}`,
      undefined,
      "shop",
    );
    return row?.n ?? 0;
  }

  /** What the target was asked by the gateway, by its own log. */
  async ran(text: string): Promise<boolean> {
    return (await this.#server.statements()).some((statement) => statement.text.includes(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
  }
}
