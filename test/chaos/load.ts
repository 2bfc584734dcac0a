import { Client, type QueryConfig } from "pg";
import type { Deployed, Entrance } from "./deployed.ts";
import { Seeded } from "./seeded.ts";
import { canary } from "./shop.ts";

/** Milliseconds after which nobody was told anything: longer than any disturbance and what follows it. */
const patience = 60_000;

/**
 * What a client heard of a statement: `done`; `refused`, with a reason; `ended`, its session with a reason; `broken`,
 * its connection without one; `hung`, nothing at all.
 */
export type Told = "done" | "refused" | "ended" | "broken" | "hung";

interface Ask {
  readonly key: number;
  readonly query: QueryConfig;
}

interface Complaint {
  readonly what: string;
  readonly told: Told;
  /** Whether the connection was there before. */
  readonly connected: boolean;
}

/** What clients were told, all together. */
export class Tales {
  readonly told = new Map<number, Told>();
  /** Rows whose COMMIT or INSERT was answered so. */
  readonly rows = new Map<number, Told>();
  /** Codes of refusals and ends, counted. */
  readonly codes = new Map<string, number>();
  /** What broke without a reason, or hung. */
  readonly complaints: Complaint[] = [];
  /** Where a client saw what it may not see. */
  readonly unmasked: string[] = [];
  #next = 1;

  key(): number {
    return this.#next++;
  }

  count(told: Told): number {
    let count = 0;
    for (const one of this.told.values()) if (one === told) count += 1;
    return count;
  }

  look(what: unknown, where: string): void {
    const text = JSON.stringify(what) ?? "";
    if (text.includes(canary.email) || text.includes(canary.card)) this.unmasked.push(where);
  }
}

/** One client connection at a time, to one worker and then to another, as behind a load balancer. */
class LoadClient {
  readonly #deployment: Deployed;
  readonly #tales: Tales;
  readonly #chance: Seeded;
  #client: Client | null = null;

  constructor(deployment: Deployed, tales: Tales, seed: number) {
    this.#deployment = deployment;
    this.#tales = tales;
    this.#chance = new Seeded(seed);
  }

  get connected(): boolean {
    return this.#client !== null;
  }

  async ask({ key, query }: Ask): Promise<Told> {
    const began = performance.now();
    const { connected } = this;
    let told: Told;
    try {
      const client = await this.#connected();
      const answer = await within(client.query(query));
      this.#tales.look(answer.rows, query.text);
      told = "done";
    } catch (error) {
      this.#tales.look({ ...(error as object), text: String(error) }, query.text);
      told = this.#sort(error);
      const took = Math.round(performance.now() - began);
      if (told === "broken" || told === "hung")
        this.#tales.complaints.push({
          connected,
          what: `${query.text}: ${String(error)} (${took} ms)`,
          told,
        });
      if (told !== "refused") this.#drop();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.#tales.told.set(key, told);
    return told;
  }

  #sort(error: unknown): Told {
    if (error instanceof Hung) return "hung";
    const { code, severity } = error as { code?: string; severity?: string };
    if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) return "broken";
    this.#tales.codes.set(code, (this.#tales.codes.get(code) ?? 0) + 1);
    return severity === "FATAL" ? "ended" : "refused";
  }

  async end(): Promise<void> {
    const client = this.#client;
    this.#drop();
    await client?.end().catch(() => undefined);
  }

  #drop(): void {
    const client: (Client & { connection?: { stream?: { destroy(): void } } }) | null =
      this.#client;
    this.#client = null;
    setTimeout(() => client?.connection?.stream?.destroy(), 1000).unref();
  }

  async #connected(): Promise<Client> {
    if (this.#client) return this.#client;
    const worker = this.#chance.of(this.#deployment.workers);
    const client = await connectTo(this.#deployment, worker);
    client.on("error", () => {
      if (this.#client === client) this.#client = null;
    });
    client.on("notice", (notice) => this.#tales.look(notice, "a notice"));
    this.#client = client;
    return client;
  }
}

class Hung extends Error {}

function within<T>(doing: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Hung(`nothing in ${patience} ms`)), patience);
  return Promise.race([doing, late.promise]).finally(() => clearTimeout(timer));
}

/** node-postgres to one worker, connected. */
export async function connectTo(deployment: Deployed, worker: Entrance): Promise<Client> {
  const client = new Client({
    host: "127.0.0.1",
    port: worker.clients?.port ?? 0,
    database: "shop",
    user: "ci-runner",
    password: await deployment.token(),
    ssl: { ca: worker.ca },
    connectionTimeoutMillis: 15_000,
  });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** Clients at work, until they are stopped. */
export class Load {
  readonly tales = new Tales();
  readonly #deployment: Deployed;
  readonly #working: readonly Promise<void>[];
  #stopped = false;

  /** `pause`: milliseconds that a client waits between statements. */
  constructor(deployment: Deployed, seed: number, pause = 20) {
    this.#deployment = deployment;
    const kinds = [
      (client: LoadClient) => this.#insert(client),
      (client: LoadClient) => this.#insert(client),
      (client: LoadClient) => this.#transact(client),
      (client: LoadClient) => this.#look(client),
      (client: LoadClient) => this.#comeAndGo(client),
    ];
    this.#working = kinds.map((work, index) => this.#work(work, seed + index, pause));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#working);
  }

  async #work(
    work: (client: LoadClient) => Promise<void>,
    seed: number,
    pause: number,
  ): Promise<void> {
    const client = new LoadClient(this.#deployment, this.tales, seed);
    while (!this.#stopped) {
      await work(client);
      // As much as a deployment on two cores serves beside all that is done to it.
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    await client.end();
  }

  /** A row by a simple query, the next by one whose parameter is bound, prepared under a name. */
  async #insert(client: LoadClient): Promise<void> {
    for (const prepared of [false, true]) {
      const key = this.tales.key();
      const query = prepared
        ? { name: "insert", text: "INSERT INTO ledger VALUES ($1)", values: [key] }
        : { text: `INSERT INTO ledger VALUES (${key}) /* ${key} */` };
      this.tales.rows.set(key, await client.ask({ key, query }));
    }
  }

  async #transact(client: LoadClient): Promise<void> {
    const say = (text: (key: number) => string): Promise<Told> => {
      const key = this.tales.key();
      return client.ask({ key, query: { text: text(key) } });
    };
    if ((await say((key) => `BEGIN /* ${key} */`)) !== "done") return;
    const rows: number[] = [];
    for (let n = 0; n < 2; n++) {
      const told = await say((key) => {
        rows.push(key);
        return `INSERT INTO ledger VALUES (${key}) /* ${key} */`;
      });
      if (told === "done") continue;
      // The session is gone, or its transaction failed.
      if (client.connected) await say((key) => `ROLLBACK /* ${key} */`);
      for (const row of rows) this.tales.rows.set(row, "refused");
      return;
    }
    const committed = await say((key) => `COMMIT /* ${key} */`);
    for (const row of rows) this.tales.rows.set(row, committed);
    if (committed === "refused" && client.connected) await say((key) => `ROLLBACK /* ${key} */`);
  }

  /** Masked columns by several ways. */
  async #look(client: LoadClient): Promise<void> {
    for (const text of [
      "SELECT id, email, card_number FROM customers",
      "SELECT lower(email) || card_number AS both FROM customers",
      "SELECT c FROM customers AS c",
      `SELECT id FROM customers WHERE email = '${canary.email.slice(1)}'`,
      "SELECT email::integer FROM customers",
    ]) {
      const key = this.tales.key();
      await client.ask({ key, query: { text: `${text} /* ${key} */` } });
    }
  }

  async #comeAndGo(client: LoadClient): Promise<void> {
    const key = this.tales.key();
    await client.ask({ key, query: { text: `SELECT ${key} AS n /* ${key} */` } });
    await client.end();
  }
}
