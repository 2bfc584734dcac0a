import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkChain, sessionLine } from "@sallyport/evidence";
import { readSigningPublicKey } from "@sallyport/runtime";
import { hasPsql, waitFor } from "@sallyport/testkit";
import { join } from "node:path";
import { startCluster, type Cluster } from "./cluster.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(async () => {
  await cluster.stop();
});

describe.skipIf(!hasPsql())("the main job, with psql", () => {
  test("a read is allowed, and what is classified leaves masked", async () => {
    const read = await cluster.psql(
      "ci-runner",
      "SELECT id, name, email, card_number FROM customers ORDER BY id LIMIT 2",
    );
    expect(read.stderr).toBe("");
    expect(read.stdout).toBe(
      "1|Ada Brandt|a***@example.com|************1881\n2|Boris Lindt|b***@lindt.example|************6574\n",
    );
  });

  test("another name keeps the mask, an expression is one constant", async () => {
    const read = await cluster.psql(
      "ci-runner",
      "SELECT c.email AS contact, upper(c.email), 'to: ' || email FROM customers c ORDER BY id LIMIT 1",
    );
    expect(read).toMatchObject({ stdout: "a***@example.com|****|****\n", stderr: "", code: 0 });
  });

  test("a lookup passes, a pattern does not", async () => {
    const lookup = "SELECT city FROM customers WHERE email = 'ada.brandt@example.com'";
    expect(await cluster.psql("ci-runner", lookup)).toMatchObject({ stdout: "Hamburg\n", code: 0 });
    const pattern = await cluster.psql(
      "ci-runner",
      "SELECT id FROM customers WHERE email LIKE 'a%'",
    );
    expect(pattern).toMatchObject({ stdout: "", code: 1 });
    expect(pattern.stderr).toContain("pii-is-masked");
  });

  test("a DROP is refused with the policy and its reason, and the target never hears of it", async () => {
    const drop = await cluster.psql("ci-runner", [
      "-v",
      "VERBOSITY=verbose",
      "-c",
      "DROP TABLE customers",
    ]);
    expect(drop.code).toBe(1);
    expect(drop.stderr).toContain("42501");
    expect(drop.stderr).toMatch(
      /DETAIL: .*schema-changes-take-the-pipeline.*schema changes go through the migration pipeline/,
    );
    const ran = await cluster.target.statements();
    expect(ran.filter(({ text }) => text.includes("DROP TABLE"))).toEqual([]);
  });

  test("a DELETE waits for a second person, never the owner, and then runs once", async () => {
    const sql = "DELETE FROM orders WHERE status = 'cancelled'";
    const waiting = await cluster.startPsql("ci-runner", ["-c", sql]);
    const hold = await waitFor(() => /hold ([a-z2-7]{26})/.exec(waiting.stderr)?.[1], {
      what: "the notice of the hold",
    });
    expect(await cluster.truth("SELECT FROM orders")).toHaveLength(10);
    const [listed] = await cluster.sallyJson(["approvals", "list"], "alice");
    expect(listed).toMatchObject({
      hold,
      state: "open",
      principal: "corp#ci-runner",
      owner: "corp#bob",
      command: sql,
    });
    expect(await cluster.approve(hold, "bob")).toMatchObject({ code: 1 });
    expect(await cluster.approve(hold, "carol")).toMatchObject({ code: 1 });
    expect(await cluster.approve(hold, "alice")).toMatchObject({ code: 0 });
    expect(await waiting.done).toMatchObject({ stdout: "DELETE 3\n", code: 0 });
    expect(await cluster.truth("SELECT FROM orders")).toHaveLength(7);
  });

  test("revoked while its session is open, a contractor is out within 3 s and stays out", async () => {
    const session = await cluster.startPsql("agent");
    session.stdin.end("SELECT count(*) FROM orders \\watch 0.2\n");
    await waitFor(() => session.stdout.includes("\n7\n"), { what: "the session to be at work" });
    expect(await cluster.sally(["identity", "revoke", "corp#agent"])).toMatchObject({ code: 0 });
    const revoked = performance.now();
    const { stderr, code } = await session.done;
    expect(performance.now() - revoked).toBeLessThan(3000);
    expect(code).not.toBe(0);
    expect(stderr).toContain("revoked");
    const again = await cluster.psql("agent", "SELECT 1");
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("the principal is revoked");
  });

  test("the session with the DELETE is listed, replayed and whole", async () => {
    const { session } = await cluster.archived(
      ({ principal, held, closed }) =>
        principal === "corp#ci-runner" && held === 1 && closed !== null,
    );
    const events = await cluster.sallyJson(["replay", String(session)]);
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["open", "command", "verdict", "approval", "result", "close"]),
    );
    const shown = await cluster.sally(["replay", String(session), "--speed", "1000"]);
    expect(shown.stdout).toContain("corp#alice");
    expect(shown.stdout).toContain("DELETE 3");
  });

  test("its evidence is a signed chain, without what was masked, tokens or passwords", async () => {
    const key = readSigningPublicKey(join(cluster.data, "keys"));
    // The worker's own session with the target stays open.
    await waitFor(
      async () =>
        (await cluster.reader().sessions())
          .map(sessionLine)
          .every(({ principal, closed }) => principal === null || closed !== null),
      { what: "every client's session to be archived to its end" },
    );
    const { manifests, findings } = await checkChain(cluster.archive, 0, key);
    expect(manifests).toBeGreaterThan(0);
    expect(findings).toEqual([]);
    const reader = cluster.reader();
    for (const parts of await reader.sessions()) {
      const { events, commands } = await reader.read(parts);
      const kept = [
        ...events.map(({ raw }) => raw),
        ...commands.flatMap(({ rows, verdicts }) => [...rows, ...verdicts.map(({ raw }) => raw)]),
      ].join("\n");
      expect(kept).not.toContain("boris@lindt.example");
      expect(kept).not.toContain(cluster.targetPassword);
      expect(kept).not.toMatch(/eyJ[\w-]+\.eyJ/);
    }
  });
});
