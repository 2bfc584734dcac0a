import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPostgres, type PostgresServer } from "@sallyport/testkit";
import { startCluster, type Cluster } from "./cluster.ts";

/** One address behind which another server may take over; connections that are open stay where they are. */
class Switch implements AsyncDisposable {
  port: number;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on("connection", (near) => {
      const far = connect(this.port, "127.0.0.1");
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(socket);
        socket
          .on("error", () => other.destroy())
          .on("close", () => {
            this.#open.delete(socket);
            other.destroy();
          })
          .pipe(other);
      }
    });
  }

  static async start(port: number): Promise<Switch> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Switch(server, port);
  }

  get address(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** On 16 a call of a function that somebody made; on 17 the parser knows JSON_SCALAR itself. */
const trap = `
  CREATE FUNCTION json_scalar(int) RETURNS text LANGUAGE plpgsql
    AS 'BEGIN RETURN (SELECT email FROM customers WHERE id = $1); END';
`;
const said = "SELECT JSON_SCALAR(1) AS told";
const trust = { hba: ["host all all 127.0.0.1/32 trust"] };

let older: PostgresServer;
let tooOld: PostgresServer;
let between: Switch;
let cluster: Cluster;

/** A server that could be the cluster's target by its roles and tables. */
async function twin(major: 14 | 16, more: string): Promise<PostgresServer> {
  const server = await startPostgres({ major, ...trust });
  await server.query("CREATE ROLE shop_app LOGIN");
  await server.query("CREATE DATABASE shop OWNER shop_app");
  const shop =
    "CREATE TABLE customers (id int, email text); INSERT INTO customers VALUES (1, 'canary@example.com');";
  await server.query(`SET ROLE shop_app; ${shop} ${more}`, undefined, "shop");
  return server;
}

beforeAll(async () => {
  older = await twin(16, trap);
  tooOld = await twin(14, "");
  between = await Switch.start(older.port);
  cluster = await startCluster({
    postgres: { major: 17, ...trust },
    change: ({ connections }) => {
      for (const { target } of Object.values(connections)) {
        between.port = target.port ?? 5432;
        target.port = between.address;
      }
    },
  });
});
afterAll(async () => {
  await cluster?.stop();
  await between?.[Symbol.asyncDispose]();
  await older?.stop();
  await tooOld?.stop();
});

test("the parser is the target's, also when a server of another major takes its place", async () => {
  const { host, port } = cluster.target;
  expect(host).toBe("127.0.0.1");
  await using first = await cluster.connect("ci-runner");
  const { rows } = await first.query<{ told: unknown }>(said);
  expect(rows).toEqual([{ told: 1 }]);

  between.port = older.port;
  await using second = await cluster.connect("ci-runner");
  await expect(second.query(said)).rejects.toThrow(/policy does not permit/);
  const version = await second.query<{ server_version: string }>("SHOW server_version");
  expect(version.rows[0]?.server_version).toMatch(/^16\./);

  between.port = port;
  await using third = await cluster.connect("ci-runner");
  expect((await third.query(said)).rows).toEqual(rows);
});

test("another major is refused by name, with those that are read", async () => {
  between.port = tooOld.port;
  const { code, stderr } = await cluster.psql("ci-runner", "SELECT 1");
  expect(code).toBe(2);
  expect(stderr).toMatch(/connection `shop`: PostgreSQL 14\.\d+.* is not read here/);
  expect(stderr).toContain("targets of PostgreSQL 15 to 18 are");
  between.port = cluster.target.port;
  expect((await cluster.psql("ci-runner", "SELECT 1")).stdout).toBe("1\n");
});
