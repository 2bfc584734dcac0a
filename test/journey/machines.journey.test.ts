import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { hasPsql, waitFor, type RunningPsql } from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Host } from "../chaos/host.ts";
import { TwoHosts } from "../chaos/two-hosts.ts";

const policies = `
@id("all") permit (principal, action, resource);
@id("deletes-need-a-dba") @hold("corp/dba") @wait("2m")
forbid (principal, action == Action::"delete", resource in Connection::"shop");
`;
let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await TwoHosts.start({
    policies,
    jobs: ["ci-runner", "counted", "agent", "stays", "goes"],
    people: { alice: { groups: ["dba"] } },
    change: (config) => {
      config.limits = { ...config.limits, sessions_per_principal: 2 };
    },
  });
});
afterAll(() => hosts?.[Symbol.asyncDispose]());

/** One address for both machines, as a load balancer's: each connection goes where it leads at that moment. */
class Front {
  to: Host;
  readonly #server: Server;
  readonly #came = new Map<Host, number>();

  constructor(to: Host) {
    this.to = to;
    this.#server = createServer((near) => {
      this.#came.set(this.to, this.came(this.to) + 1);
      const far = connect(this.to.clients.port, "127.0.0.1");
      near.on("error", () => far.destroy()).pipe(far);
      far.on("error", () => near.destroy()).pipe(near);
    });
  }

  static async open(to: Host): Promise<Front> {
    const front = new Front(to);
    await new Promise<void>((resolve) => front.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void front.#server.close());
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  came(host: Host): number {
    return this.#came.get(host) ?? 0;
  }
}

/** psql that runs a command, or reads what is typed; ended with the test. */
async function run(
  host: Host,
  who: string,
  command?: string,
  over?: Record<string, string>,
): Promise<RunningPsql> {
  const args = command === undefined ? ["-At"] : ["-At", "-c", command];
  const running = await hosts.psql(host, who, args, over);
  onTestFinished(async () => {
    running.kill("SIGKILL");
    await running.done;
  });
  return running;
}

/** Waits until the target runs a statement that has this in it. */
const runs = (text: string): Promise<boolean> =>
  waitFor(
    async () =>
      (
        await hosts.target.query(
          "SELECT FROM pg_stat_activity WHERE state = 'active' AND usename = 'shop_app' AND strpos(query, $1) > 0",
          [text],
        )
      ).length > 0,
    { what: `\`${text}\` to run` },
  );

const both = (): [string, Host][] => [hosts.a, hosts.b].map((host) => [host.name, host]);

describe.runIf(hasPsql())("with psql: two machines that share a bus", () => {
  test("`sally doctor` of the operator, who runs nothing, finds nothing wrong", async () => {
    const { code, stdout } = await hosts.sally(["doctor", "--json"]);
    const checks = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { about: string; state: string });
    expect(checks.filter(({ state }) => state === "fail")).toEqual([]);
    expect(code).toBe(0);
  });

  test("Ctrl-C of a psql on one, which the load balancer takes to the other, ends its command", async () => {
    for (const [name, host] of both()) {
      const front = await Front.open(host);
      const text = `SELECT pg_sleep(600) /* to be cancelled on ${name} */`;
      const psql = await run(host, "ci-runner", text, { PGPORT: String(front.port) });
      await runs(text);
      const other = hosts.beside(host);
      front.to = other;
      let ended = false;
      const done = psql.done.finally(() => (ended = true));
      psql.kill("SIGINT");
      // Again, as a person would: the other machine may not have answered within its two seconds.
      const heard = { what: "its end", timeout: 5000 };
      while (!(await waitFor(() => ended, heard).catch(() => false))) psql.kill("SIGINT");
      expect(await done).toMatchObject({
        stderr: expect.stringContaining("canceling statement due to user request") as string,
      });
      expect(front.came(host)).toBe(1);
      expect(front.came(other)).toBeGreaterThanOrEqual(1);
    }
  });

  test("the operator's kill finds the worker that has the session, and no other session", async () => {
    // The archive hears of an end later than the client.
    const ended = new Set<unknown>();
    for (const [name, host] of both()) {
      const stays = await run(hosts.beside(host), "stays");
      const text = `SELECT pg_sleep(600) /* to be killed on ${name} */`;
      const goes = await run(host, "goes", text);
      await runs(text);
      const session = await waitFor(
        async () => {
          const { stdout } = await hosts.sally(["sessions", "list", "--json"]);
          const listed = stdout
            .split("\n")
            .filter(Boolean)
            .map((line) => JSON.parse(line) as Record<string, unknown>);
          return listed.find(
            (one) =>
              one["principal"] === "corp#goes" &&
              one["closed"] === null &&
              !ended.has(one["session"]),
          )?.["session"];
        },
        { what: "the session in the archive", every: 200 },
      );
      const killed = await hosts.sally(["sessions", "kill", String(session), "--reason", name]);
      expect(killed).toMatchObject({ code: 0 });
      ended.add(session);
      const { stderr } = await goes.done;
      expect(stderr).toContain("FATAL");
      expect(stderr).toContain(name);
      stays.stdin.write("SELECT 'still ' || 'here';\n");
      await waitFor(() => stays.stdout.includes("still here"), { what: "the other to be served" });
      stays.stdin.end("\\q\n");
      await stays.done;
    }
  });

  test("what a principal has open on one counts on the other", async () => {
    const full = "principal `corp#counted` has as many sessions as it may have: 2";
    const open = async (host: Host): Promise<RunningPsql> => {
      const psql = await run(host, "counted");
      psql.stdin.write("SELECT 'in';\n");
      await waitFor(() => psql.stdout.includes("in\n"), { what: "the session to be served" });
      return psql;
    };
    const [, onB] = [await open(hosts.a), await open(hosts.b)];
    const tried = async (host: Host): Promise<string> =>
      (await (await run(host, "counted", "SELECT 1")).done).stderr;
    for (const [name, host] of both())
      await waitFor(async () => (await tried(host)).includes(full), {
        what: `${name} to refuse a third`,
      });
    onB.stdin.end("\\q\n");
    expect(await onB.done).toMatchObject({ code: 0 });
    await waitFor(async () => (await tried(hosts.a)) === "", {
      what: "its place on the other to be free",
    });
  });

  test("a revocation ends sessions on both and keeps new ones out of both, until it is restored", async () => {
    const sessions = await Promise.all(
      both().map(async ([name, host]) => {
        const text = `SELECT pg_sleep(600) /* to be revoked on ${name} */`;
        const psql = await run(host, "agent", text);
        await runs(text);
        return psql;
      }),
    );
    expect(await hosts.sally(["identity", "revoke", "corp#agent"])).toMatchObject({ code: 0 });
    for (const { stderr } of await Promise.all(sessions.map(({ done }) => done)))
      expect(stderr).toContain("FATAL:  the principal is revoked");
    const tried = async (host: Host): Promise<string> =>
      (await (await run(host, "agent", "SELECT 1")).done).stderr;
    for (const [, host] of both()) expect(await tried(host)).toContain("the principal is revoked");
    expect(await hosts.sally(["identity", "restore", "corp#agent"])).toMatchObject({ code: 0 });
    for (const [name, host] of both())
      await waitFor(async () => (await tried(host)) === "", { what: `${name} to let it in` });
  });

  test("a command that waits on one is approved at the other", async () => {
    for (const [name, host] of both()) {
      const psql = await run(host, "ci-runner", `DELETE FROM ledger /* asked on ${name} */`);
      const hold = await waitFor(() => /hold ([a-z2-7]{26}),/.exec(psql.stderr)?.[1], {
        what: "the notice of the hold",
      });
      const url = ["--url", hosts.beside(host).approval];
      // The other one's approval hears of the hold by itself.
      await waitFor(
        async () => (await hosts.sally(["approvals", "show", hold, ...url], "alice")).code === 0,
        { what: "the hold to be known there" },
      );
      expect(await hosts.sally(["approvals", "approve", hold, ...url], "alice")).toMatchObject({
        code: 0,
      });
      expect(await psql.done).toMatchObject({ stdout: "DELETE 0\n", code: 0 });
    }
  });
});
