import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import { shopSchema } from "./cluster-config.ts";
import type { Cluster } from "./cluster.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { bare, extended, gateway, RawClient } from "./raw-client.ts";

let cluster: Cluster;
let through: RawClient;
let direct: RawClient;

/** Values that each format has to take care of, and the same values as the masks leave them. */
const odd = `
CREATE TABLE odd (id int PRIMARY KEY, card varchar(24), struck text, note text);
INSERT INTO odd VALUES
  (1, '4929123456781881', 'x', 'plain'),
  (2, E'tab\\there\\\\', E'a\\nb', E'two\\nlines'),
  (3, 'comma,"quote"', '', 'say "hi", you'),
  (4, NULL, NULL, NULL),
  (5, '', '\\.', '\\.'),
  (6, E'\\b\\f\\v\\r\\n|;''!', E'\\x01', E'\\x7f\\x01|'),
  (7, 'Zürich 😀😀', 'é', 'ü😀'),
  (8, '\\N', '\\N', '\\N'),
  (9, 'ab', '****', '"');
CREATE FUNCTION partial(x text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT repeat('*', length(x) - least(4, length(x) / 2)) || right(x, least(4, length(x) / 2)) $$;
CREATE TABLE odd_masked AS SELECT id, partial(card)::varchar(24) AS card,
  CASE WHEN struck IS NOT NULL THEN '****' END AS struck, note FROM odd;
CREATE TABLE broad (id int, struck text);
INSERT INTO broad VALUES (1, repeat('canary', 3000000));
`;

beforeAll(async () => {
  cluster = await startProtocolCluster({
    sql: readFileSync(shopSchema, "utf8") + odd,
    change: (config) => {
      Object.assign(config.connections["shop"]?.columns ?? {}, {
        "public.odd.card": ["pci"],
        "public.odd.struck": ["hidden"],
        "public.broad.struck": ["hidden"],
      });
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
  "(FORMAT text)",
  "(DELIMITER '|')",
  "(DELIMITER ';', HEADER)",
  "(FORMAT text, NULL '\\x')",
  "(FORMAT text, DELIMITER E'\\x01', ENCODING 'UTF8')",
  "(FORMAT csv)",
  "(FORMAT csv, HEADER true)",
  "(FORMAT csv, HEADER off, DELIMITER ';', NULL 'none')",
  "(FORMAT csv, NULL '****')",
  "(FORMAT csv, QUOTE '''', ESCAPE '!')",
  "(FORMAT csv, ESCAPE '\\')",
  "(FORMAT csv, FORCE_QUOTE *)",
  "(FORMAT csv, FORCE_QUOTE (struck, id), DELIMITER E'\\t')",
  "CSV HEADER QUOTE '*'",
  "WITH CSV DELIMITER AS '|' NULL AS 'x' FORCE QUOTE card",
  "WITH DELIMITER AS ','",
  "(FORMAT binary)",
  "WITH BINARY",
];

describe("COPY out of masked columns: bytes that PostgreSQL would have written for the masked values", () => {
  test.each(options)("%s", async (how) => {
    const copies: [string, string][] = [
      [`COPY odd TO STDOUT ${how}`, `COPY odd_masked TO STDOUT ${how}`],
      [
        `COPY (SELECT id, card, struck FROM odd ORDER BY id DESC) TO STDOUT ${how}`,
        `COPY (SELECT id, card, struck FROM odd_masked ORDER BY id DESC) TO STDOUT ${how}`,
      ],
    ];
    for (const [asked, same] of copies) {
      const expected = await direct.heardFor(toTarget.query(same));
      expect(expected.at(-2)).toBe("complete COPY 9");
      expect(await through.heardFor(toTarget.query(asked))).toEqual(expected);
      const prepared = await through.heardFor(extended(asked), toTarget.sync);
      expect(prepared.filter((one) => one.startsWith("d\0"))).toEqual(
        expected.filter((one) => one.startsWith("d\0")),
      );
    }
  });

  test("one column alone, and one that is computed", async () => {
    for (const how of ["", "(FORMAT csv)", "(FORMAT binary)"]) {
      expect(await through.heardFor(toTarget.query(`COPY odd (struck) TO STDOUT ${how}`))).toEqual(
        await direct.heardFor(toTarget.query(`COPY odd_masked (struck) TO STDOUT ${how}`)),
      );
      const computed = `COPY (SELECT id, upper(card) AS c FROM odd) TO STDOUT ${how}`;
      const constant = `COPY (SELECT id, '****' AS c FROM odd) TO STDOUT ${how}`;
      expect(await through.heardFor(toTarget.query(computed))).toEqual(
        await direct.heardFor(toTarget.query(constant)),
      );
    }
  });

  test("each statement of a query string has its own form", async () => {
    const string = (table: string) =>
      `COPY ${table} TO STDOUT CSV; SELECT 1; COPY ${table} (id, card) TO STDOUT (DELIMITER '|')`;
    expect(await through.heardFor(toTarget.query(string("odd")))).toEqual(
      await direct.heardFor(toTarget.query(string("odd_masked"))),
    );
  });

  test.each([
    "COPY odd TO STDOUT (NULL '4929123456781881')",
    "COPY odd TO STDOUT (NULL '')",
    "COPY odd TO STDOUT (NULL '\\b')",
  ])(
    "I3: refused before it runs, because values that look like NULL would be told: %s",
    async (sql) => {
      const said = await through.query(sql);
      expect(said).toEqual(["error 42501", "ready I"]);
      expect(through.error.message).toContain("null text");
      expect((await cluster.target.statements()).filter(({ text }) => text === sql)).toEqual([]);
    },
  );
});

test.each([
  ["a row", toTarget.query("SELECT * FROM broad")],
  ["a row, prepared", Buffer.concat([extended("SELECT * FROM broad"), toTarget.sync])],
  ["a line of COPY", toTarget.query("COPY broad TO STDOUT")],
])("I3: %s too large to be masked ends its command, not the session", async (_, frames) => {
  const from = through.heard.length;
  const said = await through.ask(frames);
  expect(said.slice(-2)).toEqual(["error 54000", "ready I"]);
  expect(through.error.message).toMatch(/^a row or line of 180000\d\d bytes is too large/);
  expect(through.heard.slice(from).some(({ kind }) => /^(?:data-row|copy-data)$/.test(kind))).toBe(
    false,
  );
  expect(await through.query("SELECT id FROM broad")).toContain("complete SELECT 1");
});
