import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import {
  eachFrame,
  FrameReader,
  parseBackend,
  parseFrontend,
  StartupReader,
  toClient,
  toTarget,
} from "@sallyport/pgwire";
import { hasPsql, psql, startPostgres, waitFor, type PostgresServer } from "@sallyport/testkit";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WireTee, type Conversation } from "./wire-tee.ts";

// What real clients and a real server say, and that we read every byte of it. Run with
// SALLYPORT_WRITE_FIXTURES=1 to keep the bytes as the codec's golden ones.

const fixture = (name: string) =>
  new URL(`../../libs/pgwire/src/fixtures/${name}.json`, import.meta.url);

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({
    hba: ["host all all 127.0.0.1/32 trust"],
    sql: `CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2), tags text[], payload bytea);
          INSERT INTO item VALUES (1, 'tea', 3.50, '{hot,green}', '\\x00ff'), (2, 'µ-café', NULL, NULL, NULL)`,
  });
});
afterAll(() => server.stop());

/** Type bytes of one direction, as characters; throws where we cannot read it. */
function types(from: "frontend" | "backend", bytes: Buffer): string {
  const reader = new FrameReader({ from, maxBuffered: 1 << 20 });
  reader.push(bytes);
  let seen = "";
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    expect(item.kind).toBe("frames");
    for (const frame of eachFrame(item.bytes)) {
      if (from === "backend") parseBackend(frame);
      else parseFrontend(frame);
      seen += String.fromCharCode(frame[0] ?? 0);
    }
  }
  expect(reader.pending).toBe(0);
  return seen;
}

interface Captured {
  startup: Buffer;
  frontend: Buffer;
  backend: Buffer;
}

/** Splits off what has no type byte: requests for encryption with their one-byte answers, and the startup packet. */
function split(conversation: Conversation | undefined): Captured {
  const reader = new StartupReader();
  let backend = Buffer.concat(conversation?.backend ?? []);
  const whole = Buffer.concat(conversation?.frontend ?? []);
  let start = 0;
  for (;;) {
    const length = whole.readInt32BE(start);
    reader.push(whole.subarray(start, start + length));
    const packet = reader.next();
    if (packet === undefined) throw new Error("no startup packet");
    if (packet.kind === "startup")
      return {
        startup: whole.subarray(start, start + length),
        frontend: whole.subarray(start + length),
        backend,
      };
    start += length;
    backend = backend.subarray(1);
  }
}

async function keep(name: string, client: string, captured: Captured): Promise<void> {
  const seen = {
    frontend: types("frontend", captured.frontend),
    backend: types("backend", captured.backend),
  };
  if (process.env["SALLYPORT_WRITE_FIXTURES"] !== undefined) {
    const bytes = {
      startup: captured.startup.toString("base64"),
      frontend: captured.frontend.toString("base64"),
      backend: captured.backend.toString("base64"),
    };
    const [{ version } = { version: "" }] = await server.query<{ version: string }>(
      "SELECT version()",
    );
    await writeFile(
      fixture(name),
      `${JSON.stringify({ client, server: version, seen, bytes }, undefined, 1)}\n`,
    );
  }
  const kept = JSON.parse(await readFile(fixture(name), "utf8")) as { seen: unknown };
  expect(seen).toEqual(kept.seen);
}

describe.runIf(hasPsql())("psql", () => {
  test("simple queries, errors, notices, COPY, NOTIFY", async () => {
    await using tee = await WireTee.before(server.port);
    const input = [
      "SELECT * FROM item ORDER BY id;",
      "SELECT id, name FROM item WHERE false;",
      "INSERT INTO item VALUES (3, 'rice', 1) RETURNING id;",
      "INSERT INTO item VALUES (3, 'rice', 1);",
      "SELECT nosuch FROM item;",
      "DO $$ BEGIN RAISE WARNING 'careful' USING DETAIL = 'a detail', HINT = 'a hint'; END $$;",
      "BEGIN; SELECT 1/0; ROLLBACK;",
      "COPY item (id, name) FROM STDIN;",
      "4\tsalt",
      "5\t\\N",
      "\\.",
      "COPY item (id, name) FROM STDIN;",
      "4\tsalt",
      "\\.",
      "COPY item (id, name) TO STDOUT;",
      "LISTEN news; NOTIFY news, 'it is out';",
      "SELECT 1\\;SELECT 2;",
      "SET application_name = 'renamed';",
      ";",
    ].join("\n");
    const { code, stderr } = await psql(
      [`postgresql://postgres@127.0.0.1:${tee.port}/postgres?application_name=golden`],
      { input },
    );
    expect(stderr).toContain("a detail");
    expect(code).toBe(0);
    await waitFor(() => tee.conversations[0]?.ended, { what: "the last byte" });
    const version = spawnSync("psql", ["--version"]).stdout.toString().trim();
    await keep("psql-simple", version, split(tee.conversations[0]));
  });
});

test("node-postgres: extended protocol, binary and text", async () => {
  await using tee = await WireTee.before(server.port);
  const client = new Client({
    host: "127.0.0.1",
    port: tee.port,
    user: "postgres",
    database: "postgres",
  });
  await client.connect();
  await client.query("SELECT name, price FROM item WHERE id = $1", [1]);
  await client.query({
    name: "named",
    text: "SELECT $1::text AS t, $2::bytea AS b",
    values: [null, Buffer.from([0, 1])],
  });
  await client.query({
    name: "named",
    text: "SELECT $1::text AS t, $2::bytea AS b",
    values: ["x", null],
  });
  const binary = { text: "SELECT id FROM item WHERE id = $1", values: [2], binary: true };
  await client.query(binary);
  await expect(client.query("SELECT $1::int", ["no number"])).rejects.toThrow(
    "invalid input syntax",
  );
  // Rejected at the error, resolved at ReadyForQuery: the end must not overtake the answer.
  await client.query("SELECT 1 AS last");
  await client.end();
  await keep("node-postgres-extended", "node-postgres 8.23.1", split(tee.conversations[0]));
});

test("what few clients say: Describe, Close, Flush, portals in pieces, FunctionCall, CopyFail", async () => {
  await using tee = await WireTee.before(server.port);
  // int4abs('-7'), text in and out
  const functionCall = Buffer.from("460000001600000575000100000001000000022d370000", "hex");
  const said = [
    toTarget.parse("s", "SELECT generate_series(1, $1) AS n", [23]),
    toTarget.describe("statement", "s"),
    toTarget.flush,
    toTarget.bind({ portal: "p", statement: "s", parameters: [Buffer.from("5")] }),
    toTarget.describe("portal", "p"),
    toTarget.execute("p", 2),
    toTarget.execute("p", 2),
    toTarget.execute("p", 2),
    toTarget.close("portal", "p"),
    toTarget.close("statement", "s"),
    toTarget.parse("", "", []),
    toTarget.bind({}),
    toTarget.execute(),
    toTarget.describe("portal", ""),
    toTarget.sync,
    functionCall,
    toTarget.query("COPY item (id, name) FROM STDIN WITH (FORMAT binary)"),
    toTarget.copyFail("changed my mind"),
    toTarget.query("COPY item (id, name) TO STDOUT WITH (FORMAT binary)"),
    toTarget.terminate,
  ];
  const socket = connect(tee.port, "127.0.0.1");
  let received: Buffer = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => (received = Buffer.concat([received, bytes])));
  socket.write(toTarget.startupMessage([["user", "postgres"]]));
  await waitFor(() => received.length > 0 && types("backend", received).endsWith("Z"), {
    what: "the log-in",
  });
  socket.write(Buffer.concat(said));
  await waitFor(() => socket.closed, { what: "the server to close" });
  expect(types("backend", received)).toContain("1tT2TDDsDDsDC331");
  await keep("rare-messages", "our own encoder", split(tee.conversations[0]));
});

test("protocol 3.2 has long cancel keys, and what is newer is negotiated down", async () => {
  const greeting = async (minor: number, parameters: [string, string][]) => {
    const socket = connect(server.port, "127.0.0.1");
    let received: Buffer = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => (received = Buffer.concat([received, bytes])));
    socket.write(toTarget.startupMessage([["user", "postgres"], ...parameters], minor));
    await waitFor(() => received.length > 0 && types("backend", received).endsWith("Z"), {
      what: "the log-in",
    });
    socket.destroy();
    const reader = new FrameReader({ from: "backend", maxBuffered: 1 << 20 });
    reader.push(received);
    const frames: Buffer[] = [];
    for (let item = reader.next(); item; item = reader.next()) frames.push(item.bytes);
    return frames;
  };
  const key = (frames: Buffer[]) =>
    frames.map((frame) => parseBackend(frame)).find(({ kind }) => kind === "backend-key-data");

  const old = await greeting(0, []);
  expect(key(old)).toMatchObject({ key: { length: 4 } });
  const current = await greeting(2, []);
  expect(key(current)).toMatchObject({ key: { length: 32 } });
  const [negotiation, ...later] = await greeting(9999, [["_pq_.later", "1"]]);
  expect(negotiation).toEqual(toClient.negotiateProtocolVersion(2, ["_pq_.later"]));
  expect(negotiation && parseBackend(negotiation)).toEqual({
    kind: "negotiate-protocol-version",
    minor: 2,
    unsupported: ["_pq_.later"],
  });
  expect(key(later)).toMatchObject({ key: { length: 32 } });
});
