import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkSession, type SessionRecord } from "@sallyport/evidence";
import { waitFor } from "@sallyport/testkit";
import { startCluster, type Cluster } from "../journey/cluster.ts";

const policies = `@id("all") permit (principal, action, resource);`;
const writers = 4;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({
    sql: "CREATE TABLE ledger (n integer PRIMARY KEY)",
    policies,
    change: (config) => {
      for (const connection of Object.values(config.connections)) connection.columns = {};
      config.archive = { directory: "./archive", every: "1s" };
    },
  });
});
afterAll(() => cluster?.stop());

/** What one client was told about each of its statements, by the number that it wrote. */
class Writer {
  readonly told = new Map<number, "done" | "refused" | "lost">();
  #client: Client | null = null;
  #stopped = false;
  readonly #first: number;
  readonly #done: Promise<void>;

  constructor(first: number) {
    this.#first = first;
    this.#done = this.#write();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    await this.#client?.end().catch(() => undefined);
  }

  async #write(): Promise<void> {
    for (let n = this.#first; !this.#stopped; n++) {
      try {
        const client = await this.#connected();
        await (n % 2 === 0
          ? client.query(`INSERT INTO ledger VALUES (${n})`)
          : client.query("INSERT INTO ledger VALUES ($1)", [n]));
        this.told.set(n, "done");
      } catch (error) {
        const known = typeof (error as { code?: unknown }).code === "string";
        this.told.set(n, known && this.#client !== null ? "refused" : "lost");
        if (!known || (error as { severity?: string }).severity === "FATAL") this.#client = null;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  async #connected(): Promise<Client> {
    if (this.#client) return this.#client;
    const client = new Client({
      ...(await cluster.settings("ci-runner")),
      connectionTimeoutMillis: 5000,
    });
    client.on("error", () => {
      if (this.#client === client) this.#client = null;
    });
    await client.connect();
    this.#client = client;
    return client;
  }
}

const doneBy = (all: readonly Writer[]): number =>
  all.reduce((sum, { told }) => sum + [...told.values()].filter((one) => one === "done").length, 0);

const numberOf = (text: string, parameters: string | undefined): number | undefined => {
  const found = /^INSERT INTO ledger VALUES \((?:(\d+)|\$1)\)$/.exec(text);
  const value = found?.[1] ?? /\$1 = '(\d+)'/.exec(parameters ?? "")?.[1];
  return found && value !== undefined ? Number(value) : undefined;
};

test(
  "I1: whatever is killed or frozen, no statement runs on the target without evidence",
  { timeout: 180_000 },
  async () => {
    const all = Array.from({ length: writers }, (_, index) => new Writer(index * 1_000_000));
    const goOn = async (what: string): Promise<void> => {
      const before = doneBy(all);
      await waitFor(() => doneBy(all) > before + 20, { what, timeout: 60_000 });
    };
    await goOn("writers to write");
    for (const service of ["nats-server", "policy", "recorder", "proxy", "authn", "approval"]) {
      const handle = cluster.service(service);
      const { pid } = handle;
      await handle.kill();
      await handle.replaced(pid);
      await goOn(`writers to write after ${service} was killed`);
    }
    for (const service of ["nats-server", "policy", "authn", "recorder"]) {
      const handle = cluster.service(service);
      handle.freeze();
      await new Promise((resolve) => setTimeout(resolve, 4000));
      handle.thaw();
      await goOn(`writers to write after ${service} was frozen`);
    }
    await Promise.all(all.map((writer) => writer.stop()));

    const ran = await cluster.target.statements();
    const sessions = await waitFor(
      async () => {
        const reader = cluster.reader();
        const found: SessionRecord[] = [];
        for (const parts of await reader.sessions()) found.push(await reader.read(parts));
        const archived = new Set(found.flatMap(asked));
        const done = all.flatMap(({ told }) => [...told].filter(([, one]) => one === "done"));
        return done.every(([n]) => archived.has(n)) ? found : undefined;
      },
      {
        what: "every command that a client saw done to be in the archive",
        timeout: 60_000,
        every: 500,
      },
    );

    // Each statement of PostgreSQL's own log is a recorded command with an open verdict, or an own statement.
    const commands = new Map<number, string>();
    const own = new Set<string>();
    for (const session of sessions) {
      for (const { asked: entry, verdicts } of session.commands) {
        const { event } = entry;
        if (event.type !== "command") continue;
        const value = event.parameters[0]?.value;
        const n = numberOf(event.text, value === undefined ? undefined : `$1 = '${value ?? ""}'`);
        const passed = verdicts.some(({ event: verdict }) => verdict.decision === "pass");
        if (n !== undefined) commands.set(n, passed ? "passed" : "not judged");
      }
      for (const { event } of session.events) if (event.type === "own") own.add(event.text);
    }
    const unrecorded = ran.filter(({ text, parameters, user }) => {
      if (user !== "shop_app") return false;
      const n = numberOf(text, parameters);
      return n === undefined ? !own.has(text) : commands.get(n) !== "passed";
    });
    expect(unrecorded.map(({ text, parameters }) => [text, parameters])).toEqual([]);

    // And the other way: what a client was told is what happened.
    const rows = new Set(
      (await cluster.truth<{ n: number }>("SELECT n FROM ledger")).map(({ n }) => n),
    );
    const tales = all.flatMap(({ told }) => [...told]);
    expect(tales.filter(([n, said]) => said === "done" && !rows.has(n))).toEqual([]);
    expect(tales.filter(([n, said]) => said === "refused" && rows.has(n))).toEqual([]);
    const wrong = sessions.flatMap(checkSession).filter(({ severity }) => severity === "broken");
    expect(wrong.map(({ code, text }) => `${code}: ${text}`)).toEqual([]);
    expect(doneBy(all)).toBeGreaterThan(200);
  },
);

/** The numbers of a session's commands. A killed worker's last results are unknown, its commands are not. */
const asked = ({ commands }: SessionRecord): number[] =>
  commands.flatMap(({ asked: { event } }) => {
    if (event.type !== "command") return [];
    const value = event.parameters[0]?.value;
    const n = numberOf(event.text, value === undefined ? undefined : `$1 = '${value ?? ""}'`);
    return n === undefined ? [] : [n];
  });
