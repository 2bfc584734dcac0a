import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHash } from "node:crypto";
import { checkSession } from "@sallyport/evidence";
import { hasPsql, waitFor } from "@sallyport/testkit";
import { startCluster, type Cluster } from "./cluster.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(() => cluster?.stop());

const lines = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `${from + i}\t1\tpaid\t9.50\t2026-03-01\n`).join("");

describe.skipIf(!hasPsql())("COPY, with psql", () => {
  test("into a table; what came is in the record, with its hash", async () => {
    const input = lines(5000, 3000);
    const copied = await cluster.psql("ci-runner", ["-c", "\\copy orders from pstdin"], { input });
    expect(copied).toMatchObject({ stdout: "COPY 3000\n", stderr: "", code: 0 });
    expect(await cluster.truth("SELECT FROM orders WHERE id >= 5000")).toHaveLength(3000);
    const kept = await waitFor(
      async () => {
        const reader = cluster.reader();
        for (const parts of await reader.sessions()) {
          const { commands } = await reader.read(parts);
          const command = commands.find(({ copy }) => copy.length > 0);
          const result = command?.result?.event;
          // What came and what is said of it travel apart.
          if (command && result && command.copy.length >= (result.input?.parts ?? 0))
            return { command, result };
        }
        return undefined;
      },
      { what: "the data in the archive", every: 300 },
    );
    const data = Buffer.concat(kept.command.copy);
    expect(data.toString("utf8")).toContain("5000\t1\tpaid");
    expect(kept.result.input).toEqual({
      bytes: data.length,
      sha256: createHash("sha256").update(data).digest("hex"),
      parts: kept.command.copy.length,
    });
    expect(kept.result.tags).toEqual(["COPY 3000"]);
  });

  test("out of a table and out of a query, when nothing of it is masked", async () => {
    const table = await cluster.psql("ci-runner", ["-c", "COPY orders TO STDOUT"]);
    expect(table.stdout.split("\n")).toHaveLength(3011);
    const query = "COPY (SELECT id, city FROM customers WHERE id < 3 ORDER BY id) TO STDOUT CSV";
    const rows = await cluster.psql("ci-runner", ["-c", query]);
    expect(rows).toMatchObject({ stdout: "1,Hamburg\n2,Zürich\n", code: 0 });
  });

  test.each([
    "COPY customers TO STDOUT",
    "COPY customers (email) TO STDOUT CSV HEADER",
    "COPY (SELECT upper(email) FROM customers) TO STDOUT",
    "COPY customers TO STDOUT (FORMAT binary)",
  ])("I3: out of a masked column, masked: %s", async (sql) => {
    const copied = await cluster.psql("ci-runner", ["-c", sql]);
    expect(copied).toMatchObject({ code: 0, stderr: "" });
    expect(copied.stdout).toMatch(/a\*\*\*@example\.com|\*{4}/);
    expect(copied.stdout.toLowerCase()).not.toMatch(/ada\.brandt@|4929123456/);
  });

  test("I3: not when a value could be told from the null text", async () => {
    const sql = "COPY customers TO STDOUT (NULL 'ada.brandt@example.com')";
    const refused = await cluster.psql("ci-runner", ["-c", sql]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("cannot be masked");
    expect((await cluster.target.statements()).filter(({ text }) => text.includes(sql))).toEqual(
      [],
    );
  });

  test.each([
    "COPY orders TO '/tmp/orders'",
    "COPY orders FROM '/etc/passwd'",
    "COPY orders TO PROGRAM 'cat'",
    "COPY orders FROM PROGRAM 'id'",
  ])("not to and from the server's files and programs: %s", async (sql) => {
    const refused = await cluster.psql("ci-runner", ["-c", sql]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("policy does not permit this command");
    expect((await cluster.target.statements()).filter(({ text }) => text.includes(sql))).toEqual(
      [],
    );
  });

  test("a line that the target refuses ends COPY, and the session goes on", async () => {
    const input = `COPY orders FROM STDIN;\n${lines(9000, 3)}oops\n\\.\nSELECT 'still here';\n`;
    const copied = await cluster.psql("ci-runner", ["-At"], { input });
    expect(copied.stderr).toContain('invalid input syntax for type integer: "oops"');
    expect(copied.stdout).toBe("still here\n");
    expect(await cluster.truth("SELECT FROM orders WHERE id >= 9000")).toEqual([]);
  });

  test("a client that is killed in the middle leaves nothing at the target, and a whole record", async () => {
    const session = await cluster.startPsql("ci-runner", ["-c", "COPY orders FROM STDIN"]);
    session.stdin.write(lines(20_000, 2000));
    await waitFor(
      async () =>
        (
          await cluster.truth(
            "SELECT FROM pg_stat_activity WHERE query = 'COPY orders FROM STDIN' AND state = 'active'",
          )
        ).length > 0,
      { what: "COPY to run" },
    );
    session.kill("SIGKILL");
    await session.done;
    await waitFor(
      async () =>
        (await cluster.truth("SELECT FROM pg_stat_activity WHERE query LIKE 'COPY orders%'"))
          .length === 0,
      { what: "the target's session to end" },
    );
    expect(await cluster.truth("SELECT FROM orders WHERE id >= 20000")).toEqual([]);
    const record = await waitFor(
      async () => {
        const reader = cluster.reader();
        for (const parts of (await reader.sessions()).toReversed()) {
          const found = await reader.read(parts, true);
          const copies = found.commands.some(({ asked: { event } }) =>
            event.text.startsWith("COPY orders FROM STDIN"),
          );
          const closed = found.events.some(({ event }) => event.type === "close");
          const whole = copies && closed && found.commands.length === 2;
          if (whole && checkSession(found).length === 0) return found;
        }
        return undefined;
      },
      { what: "its session in the archive, whole", every: 300 },
    );
    expect(record.commands.at(-1)?.result?.event.outcome).toBe("executed");
  });
});
