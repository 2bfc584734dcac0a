import type { Cluster } from "./cluster.ts";
import { extended } from "./raw-client.ts";

/** An order that a pipeline inserts. */
export const insert = (id: number): Buffer =>
  extended(`INSERT INTO orders VALUES (${id}, 1, 'new', 1, '2026-03-01')`);

export const numbered = (from: number, count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => insert(from + index));

/** What the target answers to one. */
export const inserted = ["parse-complete", "bind-complete", "complete INSERT 0 1"];

/** What policy refuses. */
export const drop = extended("DROP TABLE orders");

/** How many orders of these numbers the target has. */
export const orders = async (cluster: Cluster, ...ids: readonly number[]): Promise<number> =>
  (await cluster.truth(`SELECT FROM orders WHERE id IN (${ids.join(",")})`)).length;
