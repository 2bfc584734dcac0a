import { toTarget } from "@sallyport/pgwire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type Cluster } from "./cluster.ts";
import { counts, detect, findsCanaries, findsSql } from "./detected-values.ts";
import { FramesHeard, legible } from "./frames-heard.ts";
import { bare, clearText, extended, gateway, RawClient } from "./raw-client.ts";

/** Values that each format has to take care of; and the same as detectors and the masks of paths leave them. */
const sql = String.raw`
CREATE TABLE notes (id int, note text, doc jsonb, raw json, tags text[], free jsonb, big bigint);
INSERT INTO notes VALUES
  (1, 'paid with 4111 1111 1111 1111', '{"customer": {"email": "eve@example.com", "name": "Eve"}}',
      '{"customer":{"email":"a\tb@x.de"}}', '{4111111111111111,b}', '{"to": "bob@example.com"}', 4111111111111111),
  (2, E'tab\there\\ eve@example.com\nnext', '{"customer": {"email": null}}', '{ "customer" : 1 }', '{NULL,"a,b"}', '[]', 2),
  (3, 'say "hi", eve@example.com|', '{"customer": []}', '[]', '{}', '"4111111111111111"', 3),
  (4, NULL, NULL, NULL, NULL, NULL, NULL),
  (5, '', '"eve"', '"x"', '{""}', '"\\."', 5),
  (6, '\.', '{}', '{}', '{"\\N"}', '{}', 6),
  (7, 'Zürich 😀 4111111111111111', '{"customer": {"email": "é@x.de", "b": "\""}}', '{"a":"é"}', '{é}', '{"é": "é"}', 7);
CREATE TABLE notes_masked AS SELECT * FROM notes;
UPDATE notes_masked SET
  note = replace(replace(replace(note, '4111 1111 1111 1111', '***************1111'), '4111111111111111', '************1111'),
                 'eve@example.com', '****'),
  tags = replace(tags::text, '4111111111111111', '************1111')::text[],
  free = replace(replace(free::text, '4111111111111111', '************1111'), 'bob@example.com', '****')::jsonb,
  doc = CASE WHEN id IN (1, 7) THEN jsonb_set(doc, '{customer,email}', '"****"') ELSE doc END,
  raw = CASE id WHEN 1 THEN '{"customer":{"email":"****"}}' ELSE raw END;
`;

const policies = `
@id("all") permit (principal, action, resource);
@id("paths") @mask("redact") forbid (principal, action == Action::"read", resource in Tag::"pii");`;

let cluster: Cluster;
let through: RawClient;
let direct: RawClient;

beforeAll(async () => {
  cluster = await startCluster({
    sql: sql + findsSql,
    policies,
    postgres: { hba: clearText },
    change(config) {
      const shop = config.connections["shop"];
      if (!shop) throw new Error("no shop");
      shop.columns = {
        "public.notes.doc#>{customer,email}": ["pii"],
        "public.notes.raw#>{customer,email}": ["pii"],
      };
      shop.detect = { card: "partial", email: "redact" };
      config.connections["looked-through"] = { ...shop, columns: {}, detect };
      config.connections["plain"] = { ...shop, columns: {} };
    },
  });
  through = await RawClient.open(await gateway(cluster, "ci-runner"));
  direct = await RawClient.open(bare(cluster));
});

afterAll(async () => {
  await through?.[Symbol.asyncDispose]();
  await direct?.[Symbol.asyncDispose]();
  await cluster?.stop();
});

const options = [
  "",
  "(DELIMITER '|', HEADER)",
  String.raw`(FORMAT text, NULL '\x')`,
  "(FORMAT csv)",
  "(FORMAT csv, HEADER, DELIMITER '|', NULL '****')",
  "(FORMAT csv, QUOTE '''', ESCAPE '!', FORCE_QUOTE *)",
  "(FORMAT binary)",
];

describe("COPY out where detectors look, and of documents in which paths are masked", () => {
  test.each(options)("%s", async (how) => {
    const copies = [
      (table: string) => `COPY ${table} TO STDOUT ${how}`,
      (table: string) => `COPY ${table} (note) TO STDOUT ${how}`,
      (table: string) => `COPY ${table} (doc, raw) TO STDOUT ${how}`,
      (table: string) => `COPY (SELECT tags, free, id FROM ${table} ORDER BY id) TO STDOUT ${how}`,
    ];
    for (const copy of copies) {
      const expected = await direct.heardFor(toTarget.query(copy("notes_masked")));
      expect(expected.at(-2)).toBe("complete COPY 7");
      expect(await through.heardFor(toTarget.query(copy("notes")))).toEqual(expected);
      const prepared = await through.heardFor(extended(copy("notes")), toTarget.sync);
      expect(prepared.filter((one) => one.startsWith("d\0"))).toEqual(
        expected.filter((one) => one.startsWith("d\0")),
      );
    }
  });

  test("a NULL text that a value could look like is taken where no column is masked", async () => {
    const copy = (table: string) => `COPY ${table} (id, note, tags) TO STDOUT (NULL '')`;
    expect(await through.heardFor(toTarget.query(copy("notes")))).toEqual(
      await direct.heardFor(toTarget.query(copy("notes_masked"))),
    );
    expect(await through.query("COPY notes (doc) TO STDOUT (NULL '')")).toEqual([
      "error 42501",
      "ready I",
    ]);
  });

  test("expressions of any kind are looked through", async () => {
    const copied = await through.heardFor(
      toTarget.query(
        "COPY (SELECT upper(note), left(note, 40), note || '', jsonb_build_object('n', note) FROM notes WHERE id IN (1, 2)) TO STDOUT",
      ),
    );
    expect(copied.at(-2)).toBe("complete COPY 2");
    expect(copied.join()).not.toMatch(/4111 1111 1111 1111|eve@example/i);
  });

  test("a result says how much was found", async () => {
    const session = await RawClient.open(await gateway(cluster, "ci-runner"));
    await session.heardFor(toTarget.query("COPY notes (note) TO STDOUT (FORMAT csv, QUOTE '~')"));
    await session[Symbol.asyncDispose]();
    const { session: id } = await cluster.archived(
      ({ commands, closed }) => Number(commands) === 2 && closed !== null,
    );
    const events = await cluster.sallyJson(["replay", String(id)]);
    expect(events.flatMap((event) => event["detected"] ?? [])).toEqual([{ card: 2, email: 2 }]);
    expect(JSON.stringify(events)).not.toContain("4111");
  });
});

test.each(["", " (FORMAT csv)", " (FORMAT binary)"])(
  "the target fails in the middle of a COPY%s that detectors look through: its lines are masked, its error is its own",
  async (how) => {
    const copy = (note: string) =>
      toTarget.query(
        `COPY (SELECT '${note}', 1 / (5 - n) FROM generate_series(1, 9) n) TO STDOUT${how}`,
      );
    const [masked, failed] = [new FramesHeard(direct), new FramesHeard(through)];
    direct.send(copy("paid by ****"), toTarget.query("SELECT 1"));
    through.send(copy("paid by eve@example.com"), toTarget.query("SELECT 1"));
    const expected = (await masked.ready(2)).map(legible);
    expect(expected.filter((one) => /^[dE]/.test(one)).length).toBeGreaterThanOrEqual(5);
    expect((await failed.ready(2)).map(legible)).toEqual(expected);
    await Promise.all([direct.ready(2), through.ready(2)]);
  },
);

test("a text of the target in which detectors find something is withheld with its SQLSTATE kept; any other stays", async () => {
  const parameters = { database: "plain" };
  const [session, target] = await Promise.all([
    RawClient.open(await gateway(cluster, "ci-runner", { parameters })),
    RawClient.open(bare(cluster)),
  ]);
  const [looked, clear] = [new FramesHeard(session), new FramesHeard(target)];
  const both = async (text: string): Promise<string[]> => {
    session.send(toTarget.query(text));
    target.send(toTarget.query(text));
    const heard = await Promise.all([looked.ready(1), clear.ready(1)]);
    return heard.map((frames) => frames.map(legible).join("\n"));
  };
  for (const [text, code] of [
    ["SELECT note::int FROM notes WHERE id = 1", "22P02"],
    ["SELECT note::date FROM notes WHERE id = 2", "22007"],
    ["DO $$ BEGIN RAISE WARNING 'to %', (SELECT note FROM notes WHERE id = 3); END $$", "01000"],
  ] as const) {
    const [masked = "", whole = ""] = await both(text);
    expect(whole).toMatch(/4111|eve@example/);
    expect(whole).toContain(`C${code}`);
    expect(masked).not.toMatch(/4111|eve@example/);
    expect(masked).toContain(`C${code}`);
  }
  const [same, whole] = await both("SELECT note::int FROM notes WHERE id = 6");
  expect(same).toBe(whole);
  await Promise.all([session[Symbol.asyncDispose](), target[Symbol.asyncDispose]()]);
});

test("what each detector finds leaves masked in text, CSV and binary, as PostgreSQL would write what is left", async () => {
  const parameters = { database: "looked-through" };
  const session = await RawClient.open(await gateway(cluster, "ci-runner", { parameters }));
  for (const how of options) {
    const copies = [
      (table: string) => `COPY (SELECT * FROM ${table} ORDER BY id) TO STDOUT ${how}`,
      (table: string) => `COPY ${table} TO STDOUT ${how}`,
    ];
    for (const copy of copies) {
      const expected = await direct.heardFor(toTarget.query(copy("finds_masked")));
      expect(expected.at(-2)).toBe("complete COPY 12");
      expect(await session.heardFor(toTarget.query(copy("finds"))), how).toEqual(expected);
    }
  }
  await session[Symbol.asyncDispose]();
  const recorded = await cluster.recorded(({ connection }) => connection === "looked-through");
  const events = await cluster.sallyJson(["replay", recorded.session]);
  const detected = events.flatMap((event) => event["detected"] ?? []);
  expect(detected).toHaveLength(2 * options.length);
  const all = Object.entries(counts).map(([name, count]) => [name, count * 5]);
  for (const one of detected) expect(one).toEqual(Object.fromEntries(all));
  expect(findsCanaries.exec(JSON.stringify(events))).toBeNull();
});

test("I3: a COPY of which it is not known what it reads ends with an error before a line leaves", async () => {
  const plain = { parameters: { database: "plain" } };
  await using client = await RawClient.open(await gateway(cluster, "ci-runner", plain));
  const make = "CREATE TEMPORARY TABLE made AS SELECT text '4111111111111111' AS note";
  const said = await client.query(`${make}; COPY made TO STDOUT; SELECT 1`);
  expect(said.slice(-2)).toEqual(["error 42501", "ready I"]);
  expect(said.join()).not.toContain("data");
  expect(client.error.message).toContain("what COPY reads is not known");
  await client.query("DROP TABLE IF EXISTS made");
  // Rows are described, so they can be masked.
  const rows = await client.query(`${make}; SELECT note FROM made`);
  expect(rows).toContain("row ************1111");
  // By itself it is read once the temporary table is known.
  const copied = await client.query("COPY made TO STDOUT");
  expect(copied).toContain("data ************1111");
});
