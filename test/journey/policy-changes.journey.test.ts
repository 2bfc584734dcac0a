import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { gateway, RawClient } from "./raw-client.ts";

const { parse, bind, execute, sync, query } = toTarget;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startProtocolCluster();
});
afterAll(() => cluster?.stop());

const ci = async () => RawClient.open(await gateway(cluster, "ci-runner"));

const emails = "SELECT email FROM customers ORDER BY id";
/** What a session does before a policy changes, and after it. */
const situations: Record<string, readonly [before: readonly Buffer[], after: readonly Buffer[]]> = {
  "between Parse and Execute": [
    [parse("p", emails), sync],
    [bind({ statement: "p" }), execute("", 1), sync],
  ],
  "between Bind and Execute": [
    [query("BEGIN"), parse("b", emails), bind({ portal: "b", statement: "b" }), sync],
    [execute("b", 1), sync],
  ],
  "while a portal is suspended": [
    [query("BEGIN"), parse("", emails), bind({ portal: "c" }), execute("c", 1), sync],
    [execute("c", 1), sync],
  ],
  "in an open transaction": [[query("BEGIN"), query(emails)], [query(`${emails} LIMIT 1`)]],
  "between PREPARE and EXECUTE": [[query(`PREPARE q AS ${emails}`)], [query("EXECUTE q")]],
};

test("a policy that is applied counts from then on, for what was parsed, bound or begun before it", async () => {
  await using stack = new AsyncDisposableStack();
  const witness = stack.use(await ci());
  const file = join(cluster.directory, "policies", "policies.cedar");
  const before = await readFile(file, "utf8");
  const apply = async (id: string, answer: string): Promise<void> => {
    await writeFile(file, before.replace('@id("pii-is-masked") @mask("email")', id));
    expect(await cluster.sally(["apply"])).toMatchObject({ code: 0 });
    const look = async () => (await witness.query(`${emails} LIMIT 1`)).includes(answer);
    await waitFor(look, { what: "the worker to have the new policy" });
  };
  const sessions: [string, RawClient, readonly Buffer[]][] = [];
  for (const [name, [begin, after]] of Object.entries(situations)) {
    const raw = stack.use(await ci());
    expect(await raw.ask(...begin), name).not.toContain("error 42501");
    sessions.push([name, raw, after]);
  }
  // What a cursor of SQL reads was understood under the bundle of its DECLARE: its FETCH is opaque from now on.
  const cursor = stack.use(await ci());
  await cursor.ask(query("BEGIN"), query(`DECLARE k CURSOR FOR ${emails}`), query("FETCH FROM k"));
  await apply('@id("pii-is-masked") @mask("redact")', "row ****");
  expect(await cursor.query("FETCH FROM k")).toEqual(["error 42501", "ready E"]);
  for (const [name, raw, after] of sessions) {
    const said = await raw.ask(...after);
    expect(said, name).toContain("row ****");
    expect(said.join(), name).not.toContain("@");
  }
  await apply('@id("pii-is-refused")', "error 42501");
  for (const [name, raw, after] of sessions) {
    const said = await raw.ask(...after);
    expect(said, name).toContain("error 42501");
    expect(said.join(), name).not.toContain("row");
  }
});
