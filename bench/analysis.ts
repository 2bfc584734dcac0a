import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { analyse, openParser, writtenCatalog, type Subject } from "@sallyport/sql";
import { CatalogView } from "../services/proxy/src/postgres/catalog-view.ts";
import { median } from "./rounds.ts";

const read = (name: string): string =>
  readFileSync(new URL(`./statements/${name}`, import.meta.url), "utf8");
const lines = (name: string): string[] => read(name).split(";\n").filter(Boolean);

const statements: Readonly<Record<string, readonly string[]>> = {
  "TPC-B": lines("tpc-b.sql"),
  "TPC-H": lines("tpc-h.sql"),
  pg_dump: (JSON.parse(read("pg_dump.json")) as string[]).filter((text) =>
    /^\s*(SELECT|WITH)/i.test(text),
  ),
};

const columns = (prefix: string, written: string): Record<string, string> =>
  Object.fromEntries(
    written.split(" ").map((item) => {
      const [name = "", type = "text"] = item.split(":");
      return [`${prefix}${name}`, type];
    }),
  );

const catalog = writtenCatalog({
  "public.pgbench_accounts": columns("", "aid:int bid:int abalance:int filler:char"),
  "public.pgbench_tellers": columns("", "tid:int bid:int tbalance:int filler:char"),
  "public.pgbench_branches": columns("", "bid:int bbalance:int filler:char"),
  "public.pgbench_history": columns(
    "",
    "tid:int bid:int aid:int delta:int mtime:timestamp filler:char",
  ),
  "public.part": columns(
    "p_",
    "partkey:int name mfgr brand type size:int container retailprice:numeric comment",
  ),
  "public.supplier": columns(
    "s_",
    "suppkey:int name address nationkey:int phone acctbal:numeric comment",
  ),
  "public.partsupp": columns(
    "ps_",
    "partkey:int suppkey:int availqty:int supplycost:numeric comment",
  ),
  "public.customer": columns(
    "c_",
    "custkey:int name address nationkey:int phone acctbal:numeric mktsegment comment",
  ),
  "public.orders": columns(
    "o_",
    "orderkey:int custkey:int orderstatus totalprice:numeric orderdate:date orderpriority clerk shippriority:int comment",
  ),
  "public.lineitem": columns(
    "l_",
    "orderkey:int partkey:int suppkey:int linenumber:int quantity:numeric extendedprice:numeric discount:numeric tax:numeric returnflag linestatus shipdate:date commitdate:date receiptdate:date shipinstruct shipmode comment",
  ),
  "public.nation": columns("n_", "nationkey:int name regionkey:int comment"),
  "public.region": columns("r_", "regionkey:int name comment"),
});
const classified = {
  "public.customer.c_phone": ["pii"],
  "public.customer.c_acctbal": ["pii"],
  "public.supplier.s_phone": ["pii"],
  "public.pgbench_accounts.filler": ["pii"],
};
const names = { searchPath: ["pg_catalog", "public"] };
const rounds = 31;

/** What reading a set of statements costs, in microseconds. */
export interface Analysed {
  readonly set: string;
  readonly statements: number;
  /** Statements whose columns cannot be traced. */
  readonly opaque: number;
  /** The median statement: its parsing, and its analysis when the text is new. */
  readonly parse: number;
  readonly analysis: number;
  /** Parsing and analysis of the slowest statement, and how it begins. */
  readonly slowest: number;
  readonly slowestText: string;
  /** Finding the analysis of a text that was seen, as a part of parsing it: the median statement, and the worst. */
  readonly again: number;
  readonly againMost: number;
}

/** The lower quartile: what other processes do to the machine only adds. */
const quartile = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 2] ?? Number.NaN;

/** Microseconds for one, of as many as make the clock's step small. */
function micros(times: number, step: () => unknown): number {
  const start = performance.now();
  for (let n = 0; n < times; n += 1) step();
  return ((performance.now() - start) * 1000) / times;
}

/**
 * What reading a statement costs, pure computation on one core: pgbench's TPC-B, the 22 queries of TPC-H, and what
 * pg_dump 15 asks of a catalog (recorded, one of each shape). Of each statement the lower quartiles of
 * interleaved rounds.
 */
export async function analysisCosts(): Promise<Analysed[]> {
  const parser = await openParser(18);
  const view = new CatalogView("bench", catalog, classified, parser);
  const costs: Analysed[] = [];
  for (const [set, texts] of Object.entries(statements)) {
    const found: { text: string; parse: number; fresh: number; again: number }[] = [];
    let opaque = 0;
    for (const text of texts) {
      const tree = await parser.parse(text);
      if (tree.kind !== "tree") throw new Error(`${set}: ${tree.message}`);
      const subject: Subject = { connection: "bench", catalog, names, classified, text };
      const analysis = analyse(tree.tree, subject);
      if (analysis.kind !== "analysed" || analysis.opaque !== null) opaque += 1;
      await view.analyse(text, names, [], null);
      const times = Array.from({ length: rounds }, () => {
        const parse = micros(3, () => parser.parse(text));
        const fresh = micros(3, () => analyse(tree.tree, subject));
        return { parse, fresh, again: micros(200, () => view.analyse(text, names, [], null)) };
      });
      found.push({
        text,
        parse: quartile(times.map(({ parse }) => parse)),
        fresh: quartile(times.map(({ fresh }) => fresh)),
        again: quartile(times.map(({ parse, again }) => again / parse)),
      });
    }
    const whole = (one: { parse: number; fresh: number }): number => one.parse + one.fresh;
    const slowest = found.reduce((most, one) => (whole(one) > whole(most) ? one : most));
    costs.push({
      set,
      statements: texts.length,
      opaque,
      parse: median(found.map(({ parse }) => parse)),
      analysis: median(found.map(({ fresh }) => fresh)),
      slowest: whole(slowest),
      slowestText: slowest.text.replaceAll(/\s+/g, " ").trim().slice(0, 60),
      again: median(found.map(({ again }) => again)),
      againMost: Math.max(...found.map(({ again }) => again)),
    });
  }
  await parser.close();
  return costs;
}
