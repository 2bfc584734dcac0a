import { execFile, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Cluster } from "./cluster.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";

const run = promisify(execFile);
const has = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
const hasPgbench = has("pgbench", "--version");
const hasPsycopg = has("python3", "-c", "import psycopg");

let cluster: Cluster;
let env: Record<string, string>;

beforeAll(async () => {
  cluster = await startProtocolCluster();
  env = await cluster.env("ci-runner");
});
afterAll(() => cluster?.stop());

describe("node-postgres", () => {
  test("named statements outlive a refusal and an error", async () => {
    await using client = await cluster.connect("ci-runner");
    const named = (id: number) =>
      client.query({
        name: "one",
        text: "SELECT name, email FROM customers WHERE id = $1",
        values: [id],
      });
    expect((await named(1)).rows).toEqual([{ name: "Ada Brandt", email: "a***@example.com" }]);
    await expect(client.query("DROP TABLE customers")).rejects.toMatchObject({ code: "42501" });
    await expect(client.query("SELECT 1/0")).rejects.toMatchObject({ code: "22012" });
    expect((await named(2)).rows).toEqual([{ name: "Boris Lindt", email: "b***@lindt.example" }]);
    const refused = { name: "two", text: "DROP TABLE customers" };
    await expect(client.query(refused)).rejects.toMatchObject({ code: "42501" });
    await expect(client.query(refused)).rejects.toMatchObject({ code: "42501" });
  });

  test("a transaction with parameters", async () => {
    await using client = await cluster.connect("ci-runner");
    await client.query("BEGIN");
    await client.query("UPDATE orders SET total = total + $1 WHERE id = $2", ["1.50", 1001]);
    const { rows } = await client.query("SELECT total, placed, id FROM orders WHERE id = 1001");
    expect(rows).toMatchObject([{ total: "61.40", id: 1001 }]);
    await client.query("ROLLBACK");
  });
});

test.skipIf(!hasPgbench).each(["simple", "extended", "prepared"])(
  "pgbench, -M %s",
  async (mode) => {
    const script = join(cluster.directory, "bench.sql");
    const lines = [
      "\\set id random(1, 8)",
      "BEGIN;",
      "SELECT name, email FROM customers WHERE id = :id;",
      // One row: two clients that update several may lock each other out, with and without a gateway.
      "UPDATE orders SET total = total + 1 WHERE id = 1000 + :id;",
      "END;",
    ];
    await writeFile(script, lines.join("\n"));
    const args = ["-n", "-c", "4", "-t", "25", "-M", mode, "-f", script];
    const { stdout } = await run("pgbench", args, { env: { ...process.env, ...env } });
    expect(stdout).toContain("number of transactions actually processed: 100/100");
    expect(stdout).toContain("number of failed transactions: 0");
  },
);

const psycopg = `
import psycopg
with psycopg.connect("", autocommit=True) as conn:
    print(conn.execute("SELECT email FROM customers WHERE id = %s", (1,)).fetchone()[0])
    print(conn.execute("SELECT card FROM kinds ORDER BY id", binary=True).fetchall())
    with conn.cursor() as cur:
        cur.executemany("INSERT INTO orders VALUES (%s, 1, 'new', 1, '2026-03-01')", [(n,) for n in range(1, 200)])
        with cur.copy("COPY orders (id, customer_id, status, total, placed) FROM STDIN") as copy:
            for n in range(200, 300):
                copy.write_row((n, 1, "new", "1.00", "2026-03-01"))
    with conn.pipeline():
        got = [conn.execute("SELECT %s::int", (n,)) for n in range(50)]
        print(sum(one.fetchone()[0] for one in got))
    try:
        with conn.pipeline() as p:
            conn.execute("INSERT INTO orders VALUES (900, 1, 'new', 1, '2026-03-01')")
            conn.execute("DROP TABLE orders")
            conn.execute("INSERT INTO orders VALUES (901, 1, 'new', 1, '2026-03-01')")
            p.sync()
    except psycopg.errors.InsufficientPrivilege as e:
        print(e.sqlstate)
    for _ in range(10):
        conn.execute("SELECT name FROM customers WHERE id = %s", (2,), prepare=True).fetchone()
    with conn.cursor(binary=True) as cur:
        print(sum(1 for _ in cur.stream("SELECT id FROM orders WHERE id < 300")))
    print(conn.execute("SELECT count(*) FROM orders WHERE id BETWEEN 900 AND 999").fetchone()[0])
`;

test.skipIf(!hasPsycopg)(
  "psycopg: pipelines, COPY, prepared, binary, rows one by one",
  async () => {
    const { stdout } = await run("python3", ["-c", psycopg], { env: { ...process.env, ...env } });
    expect(stdout.trim().split("\n")).toEqual([
      "a***@example.com",
      "[('************1881',), (None,)]",
      "1225",
      "42501",
      "299",
      "0",
    ]);
  },
);

/** The binary wheel brings libpq 18; another psycopg may have any. */
const hasLibpq18 = has(
  "python3",
  "-c",
  "import psycopg, psycopg_binary; assert psycopg.pq.version() >= 180000",
);

test.skipIf(!hasLibpq18)(
  "libpq 18: direct TLS with ALPN, protocol 3.2, and a cancel by its long key",
  async () => {
    const script = fileURLToPath(new URL("../clients/libpq_direct.py", import.meta.url));
    const { stdout } = await run("python3", [script], { env: { ...process.env, ...env } });
    expect(stdout.trim().split("\n")).toEqual([
      "TLSv1.3 postgresql 30002",
      "('a***@example.com',)",
      "True",
      "57014",
      "('goes on',)",
    ]);
  },
);
