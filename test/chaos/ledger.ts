import { Client } from "pg";
import { checkSession, type SessionRecord } from "@sallyport/evidence";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "../journey/cluster.ts";

/** The target's table that writers fill with numbers, each only once. */
export const ledgerSql = "CREATE TABLE ledger (n integer PRIMARY KEY)";
export const ledgerPolicies = `@id("all") permit (principal, action, resource);`;

/** One client that writes number after number, whatever happens, and remembers what it was told about each. */
export class Writer {
  /** `ended`: with a reason, but whether it was written is open; `broken`: without one. */
  readonly told = new Map<number, "done" | "refused" | "ended" | "broken">();
  /** What broke without a reason. */
  readonly complaints: string[] = [];
  readonly #cluster: Cluster;
  readonly #first: number;
  readonly #done: Promise<void>;
  #client: Client | null = null;
  #stopped = false;

  constructor(cluster: Cluster, first: number) {
    this.#cluster = cluster;
    this.#first = first;
    this.#done = this.#write();
  }

  get done(): number {
    return [...this.told.values()].filter((one) => one === "done").length;
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
        const { code, severity } = error as { code?: string; severity?: string };
        const reason = /^[0-9A-Z]{5}$/.test(code ?? "");
        const ended = severity === "FATAL" || !reason;
        this.told.set(n, ended ? (reason ? "ended" : "broken") : "refused");
        if (ended && !reason) this.complaints.push(`${n}: ${String(error)}`);
        if (ended) this.#client = null;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  async #connected(): Promise<Client> {
    if (this.#client) return this.#client;
    const settings = await this.#cluster.settings("ci-runner");
    const client = new Client({ ...settings, connectionTimeoutMillis: 5000 });
    client.on("error", () => {
      if (this.#client === client) this.#client = null;
    });
    await client.connect();
    this.#client = client;
    return client;
  }
}

/** What must be nowhere: each list empty. */
export interface Comparison {
  /** Statements that the target ran without evidence. */
  readonly unrecorded: readonly string[];
  /** Numbers of which a client was told that they are written, and that are not. */
  readonly lost: readonly number[];
  readonly refusedAndDone: readonly number[];
  readonly contradictions: readonly string[];
}

export const nothing: Comparison = {
  unrecorded: [],
  lost: [],
  refusedAndDone: [],
  contradictions: [],
};

/** Writers at work, and the comparison of what they were told with the target's log and the evidence. */
export class Ledger {
  readonly #cluster: Cluster;
  readonly #writers: readonly Writer[];

  constructor(cluster: Cluster, writers: number) {
    this.#cluster = cluster;
    this.#writers = Array.from(
      { length: writers },
      (_, index) => new Writer(cluster, index * 1_000_000),
    );
  }

  get done(): number {
    return this.#writers.reduce((sum, writer) => sum + writer.done, 0);
  }

  /** What clients saw break without being told why. */
  get complaints(): string[] {
    return this.#writers.flatMap(({ complaints }) => complaints);
  }

  /** Waits until more was written: whatever was done to the deployment, it serves again by itself. */
  async goOn(after: string): Promise<void> {
    const before = this.done;
    const what = `writers to write after ${after}`;
    await waitFor(() => this.done > before + 20, { what, timeout: 60_000 });
  }

  /**
   * INVARIANT (I1, I6): each statement of PostgreSQL's own log is a recorded command with an open verdict, or an own
   * statement; what clients were told is what happened; and nothing in the evidence contradicts itself.
   */
  async compare(): Promise<Comparison> {
    await Promise.all(this.#writers.map((writer) => writer.stop()));
    const ran = await this.#cluster.target.statements();
    const sessions = await this.#archived();
    const commands = new Map<number, string>();
    const own = new Set<string>();
    for (const session of sessions) {
      for (const { asked: entry, verdicts } of session.commands) {
        const n = askedNumber(entry.event);
        const passed = verdicts.some(({ event }) => event.decision === "pass");
        if (n !== undefined) commands.set(n, passed ? "passed" : "not judged");
      }
      for (const { event } of session.events) if (event.type === "own") own.add(event.text);
    }
    const unrecorded = ran.filter(({ text, parameters, user }) => {
      if (user !== "shop_app") return false;
      const n = numberOf(text, parameters);
      return n === undefined ? !own.has(text) : commands.get(n) !== "passed";
    });
    const found = await this.#cluster.truth<{ n: number }>("SELECT n FROM ledger");
    const rows = new Set(found.map(({ n }) => n));
    const tales = this.#writers.flatMap(({ told }) => [...told]);
    return {
      unrecorded: unrecorded.map(({ text, parameters }) => `${text} ${parameters ?? ""}`),
      lost: tales.filter(([n, said]) => said === "done" && !rows.has(n)).map(([n]) => n),
      refusedAndDone: tales
        .filter(([n, said]) => said === "refused" && rows.has(n))
        .map(([n]) => n),
      contradictions: sessions
        .flatMap(checkSession)
        .filter(({ severity }) => severity === "broken")
        .map(({ code, text }) => `${code}: ${text}`),
    };
  }

  /** Every session, once the archive has each command that a client saw done; a killed worker's last results may be unknown. */
  #archived(): Promise<SessionRecord[]> {
    const done = this.#writers.flatMap(({ told }) =>
      [...told].filter(([, said]) => said === "done").map(([n]) => n),
    );
    return waitFor(
      async () => {
        const reader = this.#cluster.reader();
        const found: SessionRecord[] = [];
        for (const parts of await reader.sessions()) found.push(await reader.read(parts));
        const archived = new Set(
          found.flatMap(({ commands }) => commands.map(({ asked }) => askedNumber(asked.event))),
        );
        return done.every((n) => archived.has(n)) ? found : undefined;
      },
      {
        what: "every command that a client saw done to be in the archive",
        timeout: 60_000,
        every: 500,
      },
    );
  }
}

type Asked = SessionRecord["commands"][number]["asked"]["event"];

function askedNumber(event: Asked): number | undefined {
  if (event.type !== "command") return undefined;
  const value = event.parameters[0]?.value;
  return numberOf(event.text, value === undefined ? undefined : `$1 = '${value ?? ""}'`);
}

function numberOf(text: string, parameters: string | undefined): number | undefined {
  const found = /^INSERT INTO ledger VALUES \((?:(\d+)|\$1)\)$/.exec(text);
  const value = found?.[1] ?? /\$1 = '(\d+)'/.exec(parameters ?? "")?.[1];
  return found && value !== undefined ? Number(value) : undefined;
}
