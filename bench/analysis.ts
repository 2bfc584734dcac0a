/**
 * What reading a statement costs: `node bench/analysis.ts`. Pure computation on one core. For pgbench's TPC-B, the 22
 * queries of TPC-H and what pg_dump 15 asks of a catalog (recorded, one of each shape): parsing alone, the analysis of
 * a text that is new, and finding the analysis of one that was seen. Medians of interleaved rounds, in microseconds;
 * `again` is also given as a part of parsing in the same round.
 */
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { analyse, openParser, writtenCatalog, type Subject } from "@sallyport/sql";
import { CatalogView } from "../services/proxy/src/postgres/target-catalog.ts";

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
const parser = await openParser(18);
const view = new CatalogView("bench", catalog, classified, parser);
const rounds = 31;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Microseconds for one, of as many as make the clock's step small. */
function micros(times: number, step: () => unknown): number {
  const start = performance.now();
  for (let n = 0; n < times; n += 1) step();
  return ((performance.now() - start) * 1000) / times;
}

for (const [name, texts] of Object.entries(statements)) {
  const found = { parse: [0], fresh: [0], ratio: [0] };
  let [slowest, slowestText, opaque] = [0, "", 0];
  found.parse.pop();
  found.fresh.pop();
  found.ratio.pop();
  for (const text of texts) {
    const tree = await parser.parse(text);
    if (tree.kind !== "tree") throw new Error(`${name}: ${tree.message}`);
    const subject: Subject = { connection: "bench", catalog, names, classified, text };
    const analysis = analyse(tree.tree, subject);
    if (analysis.kind !== "analysed" || analysis.opaque !== null) {
      opaque += 1;
      process.stderr.write(
        `${name}: ${analysis.kind === "analysed" ? analysis.opaque : analysis.message}: ${text.slice(0, 80)}\n`,
      );
    }
    await view.analyse(text, names, [], null);
    const own: { parse: number[]; fresh: number[]; ratio: number[] } = {
      parse: [],
      fresh: [],
      ratio: [],
    };
    for (let round = 0; round < rounds; round += 1) {
      const parse = micros(3, () => parser.parse(text));
      const fresh = micros(3, () => analyse(tree.tree, subject));
      const again = micros(200, () => view.analyse(text, names, [], null));
      own.parse.push(parse);
      own.fresh.push(fresh);
      own.ratio.push(again / parse);
    }
    const whole = median(own.parse) + median(own.fresh);
    if (whole > slowest) [slowest, slowestText] = [whole, text.slice(0, 60).replaceAll("\n", " ")];
    found.parse.push(median(own.parse));
    found.fresh.push(median(own.fresh));
    found.ratio.push(median(own.ratio));
  }
  process.stdout.write(
    `${name}: ${texts.length} statements (${opaque} not traced), parse ${median(found.parse).toFixed(0)}, analysis ${median(found.fresh).toFixed(0)}, ` +
      `the slowest of both together ${slowest.toFixed(0)} (${slowestText}…), again ${median(found.ratio).toFixed(4)} of parsing, at most ${Math.max(...found.ratio).toFixed(4)}\n`,
  );
}
await parser.close();
