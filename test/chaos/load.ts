import type { Deployed } from "./deployed.ts";
import { Exchange } from "./exchange.ts";
import { LoadClient } from "./load-client.ts";
import { canary, rowsOf } from "./shop.ts";
import { Tales, type Told } from "./tales.ts";

/** Clients at work, until they are stopped. */
export class Load {
  readonly tales = new Tales();
  readonly #deployment: Deployed;
  readonly #working: readonly Promise<void>[];
  #stopped = false;

  /** `pause`: milliseconds that a client waits between statements; those with much data, or people to wait for, longer. */
  constructor(deployment: Deployed, seed: number, pause = 20) {
    this.#deployment = deployment;
    const kinds: [work: (client: LoadClient) => Promise<void>, pauses: number][] = [
      [(client) => this.#insert(client), 1],
      [(client) => this.#insert(client), 1],
      [(client) => this.#transact(client), 1],
      [(client) => this.#look(client), 1],
      [(client) => this.#comeAndGo(client), 1],
      [(client) => this.#held(client), 5],
      [(client) => this.#copy(client), 25],
      [(client) => this.#crowd(client), 100],
    ];
    this.#working = kinds.map(([work, pauses], index) =>
      this.#work(work, seed + index, pause * pauses),
    );
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

  /** A row that people must approve. */
  async #held(client: LoadClient): Promise<void> {
    const key = this.tales.key();
    const query = { text: `INSERT INTO held VALUES (${key}) /* ${key} */` };
    this.tales.rows.set(key, await client.ask({ key, query }));
  }

  /** Many rows in, and masked ones out. */
  async #copy(client: LoadClient): Promise<void> {
    const lot = this.tales.key();
    const lines = Array.from({ length: rowsOf.lot }, (_, n) => `${lot}\t${n}\n`);
    const told = await client.ask({
      key: lot,
      query: Exchange.copyIn(`COPY lots FROM STDIN /* ${lot} */`, lines),
    });
    this.tales.lots.set(lot, told);
    const key = this.tales.key();
    await client.ask({
      key,
      query: Exchange.copyOut(`COPY (SELECT id, email FROM customers) TO STDOUT /* ${key} */`),
      missing: counted(3),
    });
  }

  /** Large results with a masked column, at once and by a portal that is suspended again and again. */
  async #crowd(client: LoadClient): Promise<void> {
    for (const pieces of [false, true]) {
      const key = this.tales.key();
      const text = `SELECT id, name, email FROM crowd /* ${key} */`;
      const query = pieces ? Exchange.pieces(text, 500) : { text };
      await client.ask({ key, query, missing: counted(rowsOf.crowd) });
    }
  }
}

const counted =
  (wanted: number) =>
  (answer: readonly unknown[]): string | undefined =>
    answer.length === wanted ? undefined : `${answer.length} rows of ${wanted}`;
