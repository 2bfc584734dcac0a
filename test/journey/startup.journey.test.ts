import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget, type BackendMessage } from "@sallyport/pgwire";
import type { Cluster } from "./cluster.ts";
import { expectSameBytes } from "./frames-heard.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { bare, extended, gateway, RawClient, type RawOptions } from "./raw-client.ts";

const { passwordMessage, startupMessage, query, terminate, sync } = toTarget;

let cluster: Cluster;
let options: RawOptions;

beforeAll(async () => {
  cluster = await startProtocolCluster();
  options = await gateway(cluster, "ci-runner");
});
afterAll(() => cluster?.stop());

type Over = Partial<Omit<RawOptions, "parameters">> & { parameters?: Record<string, string> };

/** Logs in and gives what came up to ReadyForQuery or the end. */
async function logIn(over: Over): Promise<{ raw: RawClient; said: string[] }> {
  const parameters = { ...options.parameters, ...over.parameters };
  const raw = await RawClient.start({ ...options, ...over, parameters });
  raw.send(passwordMessage(over.password ?? options.password));
  return { raw, said: await raw.ready() };
}

const refusal = async (over: Over): Promise<string> => {
  const { raw, said } = await logIn(over);
  expect(said.at(-1)).toBe("end");
  expect(raw.error.severity).toBe("FATAL");
  return `${raw.error.sqlstate} ${raw.error.message}`;
};

test("an unknown connection and a forbidden one answer alike", async () => {
  const answers: unknown[] = [];
  const stranger = (await gateway(cluster, "stranger")).password;
  for (const [database, password] of [
    ["shop", stranger],
    ["none", stranger],
    ["none", options.password],
    ["Shop", options.password],
    ["", stranger],
  ] as const) {
    const { raw } = await logIn({ password, parameters: { database } });
    const { message = "", ...rest } = raw.error;
    answers.push([message.replace(/`.*`/, "`…`"), rest]);
  }
  for (const answer of answers) expect(answer).toEqual(answers[0]);
});

test("what is no token of ours is refused, each for its reason", async () => {
  expect(await refusal({ password: "" })).toMatch(/^28P01 no token/);
  expect(await refusal({ password: "secret" })).toMatch(/^28P01/);
  expect(await refusal({ password: "x".repeat(60_000) })).toMatch(/^28/);
  const [header, , signature] = options.password.split(".");
  const other = Buffer.from(JSON.stringify({ iss: cluster.provider.issuer })).toString("base64url");
  expect(await refusal({ password: `${header}.${other}.${signature}` })).toMatch(/^28P01/);
});

test("a password that is larger than any token ends the connection", async () => {
  const raw = await RawClient.start(options);
  raw.send(passwordMessage("x".repeat(1_000_000)));
  expect((await raw.ready()).at(-1)).toBe("end");
  expect(raw.error.sqlstate).toBe("54000");
});

test("a client that speaks before its password, or says something else, is sent away", async () => {
  for (const first of [query("SELECT 1"), sync, terminate]) {
    const raw = await RawClient.start(options);
    raw.send(first);
    expect((await raw.ready()).at(-1)).toBe("end");
    expect(raw.heard.some(({ kind }) => kind === "ready-for-query")).toBe(false);
  }
});

test("what follows the password at once is answered after the log-in", async () => {
  const raw = await RawClient.start(options);
  raw.send(passwordMessage(options.password), query("SELECT 1"), query("SELECT 2"));
  const said = await raw.ready(3);
  expect(said).toContain("row 1");
  expect(said.at(-2)).toBe("complete SELECT 1");
  raw.socket.destroy();
});

test("start-up settings are judged like SET, those that change the parsing refused by name", async () => {
  for (const [name, value] of [
    ["options", "-c standard_conforming_strings=off"],
    ["options", "--standard-conforming-strings=off"],
    ["options", "-cbackslash_quote=on"],
    ["options", "-f"],
    ["standard_conforming_strings", "off"],
    ["Backslash_Quote", "on"],
  ] as const)
    expect(await refusal({ parameters: { [name]: value } }), value).toMatch(/^42501 setting/);
  for (const value of ["true", "database", "on"])
    expect(await refusal({ parameters: { replication: value } })).toMatch(/^0A000/);
  for (const [name, value] of [
    ["work_mem", "64MB"],
    ["options", "-c work_mem=64MB"],
    ["role", "postgres"],
    ["options", "-c role=postgres"],
    ["options", "-c session_authorization=postgres"],
  ] as const)
    expect(await refusal({ parameters: { [name]: value } }), value).toMatch(/^(28000|42501)/);
  expect(await refusal({ parameters: { nonsense: "1" } })).toMatch(/^(28000|42704)/);
});

test("client_encoding is UTF8 whatever was asked; harmless settings are handed on", async () => {
  const parameters = {
    client_encoding: "SQL_ASCII",
    application_name: "a name",
    options: "-c statement_timeout=12s -c search_path=pg_catalog",
  };
  const { raw } = await logIn({ parameters });
  const told = new Map(
    raw.heard.flatMap((one: BackendMessage) =>
      one.kind === "parameter-status" ? [[one.name, one.value] as const] : [],
    ),
  );
  expect(told.get("client_encoding")).toBe("UTF8");
  expect(told.get("application_name")).toBe("a name");
  expect(await raw.query("SHOW statement_timeout")).toContain("row 12s");
  expect(await raw.query("SELECT city FROM public.customers WHERE id = 2")).toContain("row Zürich");
  expect(await raw.query("SET client_encoding = LATIN1")).toContain("error 0A000");
  expect(await raw.query("SELECT 1")).toContain("row 1");
  raw.socket.destroy();
});

test("protocol 3.2 with options that nobody knows is negotiated, its long key cancels", async () => {
  const { raw, said } = await logIn({ minor: 2, parameters: { "_pq_.wish": "1" } });
  expect(said[0]).toBe("negotiate-protocol-version");
  expect(raw.heard[0]).toMatchObject({ minor: 2, unsupported: ["_pq_.wish"] });
  expect(raw.keyData.key.length).toBe(32);
  raw.send(query("SELECT count(*) FROM generate_series(1, 1000000000)"));
  const { pid, key } = raw.keyData;
  const cancels = async (): Promise<void> => {
    const busy =
      "SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT count(*) FROM gen%' AND state = 'active'";
    while ((await cluster.truth(busy)).length === 0);
    await RawClient.cancel(options, pid, key.subarray(0, 4));
    await RawClient.cancel(options, pid, Buffer.alloc(32));
    await RawClient.cancel(options, pid + 1, key);
    expect((await cluster.truth(busy)).length).toBe(1);
    await RawClient.cancel(options, pid, key);
  };
  await cancels();
  expect(await raw.ready()).toEqual(["columns count", "error 57014", "ready I"]);
  raw.socket.destroy();
});

test("a newer protocol is spoken as 3.2, another major refused", async () => {
  const { raw, said } = await logIn({ minor: 9999 });
  expect(said[0]).toBe("negotiate-protocol-version");
  expect(raw.heard[0]).toMatchObject({ minor: 2 });
  raw.socket.destroy();
  const version = startupMessage(Object.entries(options.parameters));
  version.writeInt32BE(2 << 16, 4);
  const socket = connect({ host: options.host, port: options.port });
  socket.resume().on("error", () => undefined);
  await once(socket, "connect");
  socket.write(version);
  await once(socket, "close");
});

/** What Npgsql asks of the types on its first connection to a database: one query string. */
const typeLoading = `SELECT version();

SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, t.elemtypoid
FROM (
    -- an array is told by its receive function
    SELECT typ.oid, typ.typnamespace, typ.typname, typ.typtype, typ.typrelid, typ.typnotnull, typ.relkind,
        elemtyp.oid AS elemtypoid, elemtyp.typname AS elemtypname, elemcls.relkind AS elemrelkind,
        CASE WHEN elemproc.proname='array_recv' THEN 'a' ELSE elemtyp.typtype END AS elemtyptype
    FROM (
        SELECT typ.oid, typnamespace, typname, typrelid, typnotnull, relkind, typelem AS elemoid,
            CASE WHEN proc.proname='array_recv' THEN 'a' ELSE typ.typtype END AS typtype,
            CASE WHEN proc.proname='array_recv' THEN typ.typelem
                WHEN typ.typtype='r' THEN rngsubtype
                WHEN typ.typtype='m' THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = typ.oid)
                WHEN typ.typtype='d' THEN typ.typbasetype
            END AS elemtypoid
        FROM pg_type AS typ
        LEFT JOIN pg_class AS cls ON (cls.oid = typ.typrelid)
        LEFT JOIN pg_proc AS proc ON proc.oid = typ.typreceive
        LEFT JOIN pg_range ON (pg_range.rngtypid = typ.oid)
    ) AS typ
    LEFT JOIN pg_type AS elemtyp ON elemtyp.oid = elemtypoid
    LEFT JOIN pg_class AS elemcls ON (elemcls.oid = elemtyp.typrelid)
    LEFT JOIN pg_proc AS elemproc ON elemproc.oid = elemtyp.typreceive
) AS t
JOIN pg_namespace AS ns ON (ns.oid = typnamespace)
WHERE typtype IN ('b', 'r', 'm', 'e', 'd') OR
    (typtype = 'c' AND COMPOSITES) OR
    (typtype = 'p' AND typname IN ('record', 'void')) OR
    (typtype = 'a' AND (elemtyptype IN ('b', 'r', 'm', 'e', 'd') OR
        (elemtyptype = 'p' AND elemtypname IN ('record', 'void')) OR
        (elemtyptype = 'c' AND ELEMENTS)))
ORDER BY CASE WHEN typtype IN ('b', 'e', 'p') THEN 0 WHEN typtype = 'r' THEN 1 WHEN typtype = 'm' THEN 2
       WHEN typtype = 'c' THEN 3 WHEN typtype = 'd' AND elemtyptype <> 'a' THEN 4
       WHEN typtype = 'a' THEN 5 WHEN typtype = 'd' AND elemtyptype = 'a' THEN 6 END;

-- fields of composite types
SELECT typ.oid, att.attname, att.atttypid
FROM pg_type AS typ
JOIN pg_namespace AS ns ON (ns.oid = typ.typnamespace)
JOIN pg_class AS cls ON (cls.oid = typ.typrelid)
JOIN pg_attribute AS att ON (att.attrelid = typ.typrelid)
WHERE (typ.typtype = 'c' AND COMPOSITES) AND attnum > 0 AND NOT attisdropped
ORDER BY typ.oid, att.attnum;

-- labels of enums
SELECT pg_type.oid, enumlabel
FROM pg_enum
JOIN pg_type ON pg_type.oid=enumtypid
ORDER BY oid, enumsortorder;
`;
const ofTables = "ns.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";

test.each([
  ["composite types", "relkind='c'", "elemrelkind='c'"],
  ["tables' types too", ofTables, ofTables],
])("Npgsql's start-up query gives what it gives directly: %s", async (_, composites, elements) => {
  await cluster.truth(
    "DROP TYPE IF EXISTS mood, place; CREATE TYPE mood AS ENUM ('ok', 'sad'); CREATE TYPE place AS (street text, zip int)",
  );
  const text = typeLoading.replaceAll("COMPOSITES", composites).replaceAll("ELEMENTS", elements);
  const script = [query(text), extended("DISCARD ALL"), sync];
  for (const who of ["free", "ci-runner"]) {
    await using direct = await RawClient.open(bare(cluster));
    await using through = await RawClient.open(await gateway(cluster, who));
    const said = await expectSameBytes(direct, through, script);
    expect(said.join()).toContain("street");
  }
});

test("the process id that a client is told is its target's, the key its own", async () => {
  await using direct = await RawClient.open(bare(cluster));
  await using raw = await RawClient.open(options);
  expect(await raw.query("SELECT pg_backend_pid()")).toContain(`row ${raw.keyData.pid}`);
  expect(raw.keyData.key.length).toBe(direct.keyData.key.length);
  const told = `SELECT FROM pg_stat_activity WHERE pid = ${raw.keyData.pid} AND usename = 'shop_app'`;
  expect((await cluster.truth(told)).length).toBe(1);
});

test("without TLS nobody is asked for a token", async () => {
  const raw = await RawClient.start({ ...options, ca: undefined });
  expect((await raw.ready()).at(-1)).toBe("end");
  expect(raw.heard.map(({ kind }) => kind)).toEqual(["error"]);
});

test("a flood of wrong cancels disturbs nobody", async () => {
  await using raw = await RawClient.open(options);
  const wrong = Array.from({ length: 100 }, (_, index) =>
    RawClient.cancel(options, raw.keyData.pid, Buffer.from([0, 0, 0, index])),
  );
  await Promise.allSettled(wrong);
  expect(await raw.query("SELECT 1")).toContain("row 1");
});
