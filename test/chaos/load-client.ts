import { Client, type QueryConfig } from "pg";
import type { Deployed, Entrance } from "./deployed.ts";
import { Exchange } from "./exchange.ts";
import { Seeded } from "./seeded.ts";
import type { Tales, Told } from "./tales.ts";

/** Milliseconds after which nobody was told anything: longer than any disturbance and what follows it. */
const patience = 120_000;

export interface Ask {
  readonly key: number;
  readonly query: QueryConfig | Exchange;
  /** What an answer that is done lacks; undefined when it is whole. */
  readonly missing?: (answer: readonly unknown[]) => string | undefined;
}

/** One client connection at a time, to one worker and then to another, as behind a load balancer. */
export class LoadClient {
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

  async ask(ask: Ask): Promise<Told> {
    const { key, query, missing } = ask;
    const text = query instanceof Exchange ? query.text : (query.text ?? "");
    const began = performance.now();
    const { connected } = this;
    let told: Told;
    try {
      const client = await this.#connected();
      const answer = await within(answerOf(client, query));
      this.#tales.look(answer, text);
      const lacks = missing?.(answer);
      if (lacks !== undefined) this.#tales.short.push(`${text}: ${lacks}`);
      told = "done";
    } catch (error) {
      this.#tales.look({ ...(error as object), text: String(error) }, text);
      told = this.#sort(error);
      const took = Math.round(performance.now() - began);
      if (told === "broken" || told === "hung")
        this.#tales.complaints.push({
          connected,
          what: `${text}: ${String(error)} (${took} ms)`,
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

const answerOf = async (client: Client, query: QueryConfig | Exchange): Promise<unknown[]> =>
  query instanceof Exchange ? client.query(query).answer : (await client.query(query)).rows;

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
