import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect as connectTo, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  hasPsql,
  psql,
  Relay,
  startNats,
  startPostgres,
  waitFor,
  type NatsServer,
  type PostgresServer,
} from "@sallyport/testkit";

describe("startNats", () => {
  let nats: NatsServer;
  beforeAll(async () => {
    nats = await startNats({ config: "authorization { user: u, password: p }" });
  });
  afterAll(() => nats.stop());

  test("keeps a stream over a kill, under the configuration it was given", async () => {
    await expect(connect({ servers: nats.url })).rejects.toThrow(/authorization/i);
    const options = { servers: nats.url, user: "u", pass: "p" };
    const before = await connect(options);
    const manager = await jetstreamManager(before);
    await manager.streams.add({ name: "KEPT", subjects: ["kept.>"] });
    expect(await jetstream(before).publish("kept.one", "1")).toMatchObject({
      stream: "KEPT",
      seq: 1,
    });
    await before.close();
    await nats.kill();
    expect(() => nats.pid).toThrow("not running");
    await nats.start();
    const after = await connect(options);
    expect(await jetstream(after).publish("kept.two", "2")).toMatchObject({
      stream: "KEPT",
      seq: 2,
    });
    await after.close();
  });

  test("answers nothing while frozen", async () => {
    const connection = await connect({ servers: nats.url, user: "u", pass: "p" });
    nats.freeze();
    const flushed = connection.flush().then(() => "flushed");
    const raced = await Promise.race([
      flushed,
      waitFor(() => false, { what: "ever", timeout: 300 }).catch(() => "silence"),
    ]);
    expect(raced).toBe("silence");
    nats.thaw();
    expect(await flushed).toBe("flushed");
    await connection.close();
  });

  test("takes a whole configuration file but for address, port and store", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sallyport-testkit-"));
    const configFile = join(directory, "given.conf");
    await writeFile(
      configFile,
      `listen: "127.0.0.1:1"\njetstream { sync_interval: always }\nmax_payload: 2MB\n`,
    );
    await using given = await startNats({ configFile });
    const connection = await connect({ servers: given.url });
    expect(connection.info?.max_payload).toBe(2 * 1024 * 1024);
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: "HERE", subjects: ["here.>"] });
    await connection.close();
    expect(existsSync(given.storeDirectory)).toBe(true);
    await rm(directory, { recursive: true });
  });

  test("says why it did not start", async () => {
    await expect(startNats({ config: "authorization { user: }" })).rejects.toThrow(
      /did not start: .*nats\.conf/s,
    );
  });
});

describe("startPostgres", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({
      sql: "CREATE TABLE fruit (name text); INSERT INTO fruit VALUES ('pear')",
      hba: [
        "hostssl all secure 127.0.0.1/32 scram-sha-256",
        "host all trusting 127.0.0.1/32 trust",
        "host all all 127.0.0.1/32 scram-sha-256",
      ],
      tls: true,
    });
  });
  afterAll(() => server.stop());

  test("answers over TCP and logs the statement with its parameters", async () => {
    const client = new Client({ connectionString: server.url() });
    await client.connect();
    const { rows } = await client.query("SELECT name,\n $1::int AS n FROM fruit", [7]);
    await client.query("SELECT 1; SELECT 2");
    await client.end();
    expect(rows).toEqual([{ name: "pear", n: 7 }]);
    expect(await server.statements()).toMatchObject([
      {
        via: "execute",
        text: "SELECT name,\n $1::int AS n FROM fruit",
        parameters: "$1 = '7'",
        user: "postgres",
      },
      { via: "simple", text: "SELECT 1; SELECT 2", database: "postgres" },
    ]);
  });

  test("serves TLS that its certificate verifies", async () => {
    const ssl = { ca: server.certificate ?? "", rejectUnauthorized: true, servername: "localhost" };
    const client = new Client({ connectionString: server.url(), ssl });
    await client.connect();
    const { rows } = await client.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    await client.end();
    expect(rows).toEqual([{ ssl: true }]);
  });

  test("keeps to its pg_hba lines", async () => {
    await server.query("CREATE ROLE trusting LOGIN; CREATE ROLE secure LOGIN PASSWORD 'x'");
    const url = (user: string): string =>
      `postgresql://${user}:wrong@127.0.0.1:${server.port}/postgres`;
    const trusting = new Client({ connectionString: url("trusting") });
    await trusting.connect();
    await trusting.end();
    const wrong = new Client({ connectionString: url("secure") });
    await expect(wrong.connect()).rejects.toMatchObject({ code: "28P01" });
  });

  test("keeps its data over a crash", async () => {
    await server.restart("SIGQUIT");
    expect(await server.query("SELECT name FROM fruit")).toEqual([{ name: "pear" }]);
  });

  test("hangs while paused", async () => {
    const client = new Client({ connectionString: server.url() });
    await client.connect();
    await server.pause();
    const answered = client.query("SELECT 1").then(() => "answered");
    const raced = await Promise.race([
      answered,
      waitFor(() => false, { what: "ever", timeout: 300 }).catch(() => "silence"),
    ]);
    expect(raced).toBe("silence");
    server.resume();
    expect(await answered).toBe("answered");
    await client.end();
  });

  test.skipIf(!hasPsql())("is reached by psql (Debian package postgresql-client)", async () => {
    const done = await psql([server.url(), "-At"], {
      input: "SELECT name FROM fruit;\nSELECT 1/0;\n",
    });
    expect(done).toMatchObject({ stdout: "pear\n", code: 0 });
    expect(done.stderr).toBe("ERROR:  division by zero\n");
    const failed = await psql([server.url(), "-v", "ON_ERROR_STOP=1"], { input: "SELECT 1/0;\n" });
    expect(failed.code).toBe(3);
  });
});

describe("Relay", () => {
  async function echo(): Promise<{ relay: Relay; open: () => Promise<Socket> }> {
    const server = createServer((socket) => socket.on("error", () => undefined).pipe(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const relay = await Relay.start((server.address() as AddressInfo).port);
    onTestFinished(async () => {
      await relay[Symbol.asyncDispose]();
      server.close();
    });
    const open = async (): Promise<Socket> => {
      const socket = connectTo({ port: relay.port, host: "127.0.0.1" });
      await once(socket, "connect");
      return socket.on("error", () => undefined);
    };
    return { relay, open };
  }
  const heard = (socket: Socket): { text: string } => {
    const all = { text: "" };
    socket.on("data", (chunk: Buffer) => (all.text += chunk.toString()));
    return all;
  };
  const silence = () => waitFor(() => false, { what: "ever", timeout: 300 }).catch(() => "silence");

  test("what is cut hangs, those who come then too; late, all of it arrives", async () => {
    const { relay, open } = await echo();
    const before = await open();
    const said = heard(before);
    before.write("one ");
    await waitFor(() => said.text === "one ", { what: "the echo" });
    relay.cut();
    before.write("two");
    const meanwhile = await open();
    const saidMeanwhile = heard(meanwhile);
    meanwhile.write("three");
    await silence();
    expect([said.text, saidMeanwhile.text, before.destroyed]).toEqual(["one ", "", false]);
    relay.mend("late");
    await waitFor(() => said.text === "one two" && saidMeanwhile.text === "three", {
      what: "all of it",
    });
    before.destroy();
    meanwhile.destroy();
    await waitFor(() => relay.connections === 0, { what: "their end" });
  });

  test("reset, the connections are gone, and new ones go through", async () => {
    const { relay, open } = await echo();
    const before = await open();
    before.write("one");
    await once(before, "data");
    relay.cut();
    relay.mend("reset");
    await waitFor(() => before.destroyed, { what: "the reset" });
    const after = await open();
    after.write("two");
    expect(String((await once(after, "data"))[0])).toBe("two");
    after.destroy();
  });
});
