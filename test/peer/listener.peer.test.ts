import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { connect as connectTls, TLSSocket, type ConnectionOptions } from "node:tls";
import { setImmediate as nextTurn } from "node:timers/promises";
import { toTarget } from "@sallyport/pgwire";
import { SallyError } from "@sallyport/runtime";
import {
  hasPsql,
  makeCertificate,
  psql,
  startPostgres,
  startPsql,
  waitFor,
  type Certificate,
  type PostgresServer,
} from "@sallyport/testkit";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Incoming } from "../../services/proxy/src/postgres/listener/incoming.ts";
import {
  openPostgresListener,
  type ListenerOptions,
  type PostgresListener,
} from "../../services/proxy/src/postgres/listener/listener.ts";
import { sendOff } from "../../services/proxy/src/postgres/listener/send-off.ts";
import { errorFrame, refusalOf } from "../../services/proxy/src/postgres/refusal.ts";

const directory = mkdtempSync(join(tmpdir(), "sallyport-listener-"));
const files = { cert: join(directory, "server.pem"), key: join(directory, "server.key") };
const startup = toTarget.startupMessage([["user", "anyone"]]);
const gssencRequest = Buffer.from("0000000804d21630", "hex");

let certificate: Certificate;
const install = ({ certificate: cert, key }: Certificate) => {
  writeFileSync(files.key, key);
  writeFileSync(files.cert, cert);
};

const listeners: PostgresListener[] = [];
const sockets: Socket[] = [];
const children: ChildProcess[] = [];
let logged = "";
const log = pino(
  { level: "debug" },
  new Writable({
    write(chunk: Buffer, _, done) {
      logged += chunk.toString();
      done();
    },
  }),
);

beforeAll(async () => {
  certificate = await makeCertificate();
  install(certificate);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const listener of listeners.splice(0)) await listener.close();
  install(certificate);
  logged = "";
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What every client is told that gets through: how it came. */
const greet = ({ socket, tls, startup: { parameters } }: Incoming) =>
  sendOff(
    socket,
    errorFrame(
      refusalOf("session-ended", {
        reason: `${parameters.get("user")} over ${tls ?? "plain text"}`,
      }),
      "FATAL",
    ),
  );

async function open(over: Partial<ListenerOptions> = {}): Promise<PostgresListener> {
  const listener = await openPostgresListener({
    address: { host: "127.0.0.1", port: 0 },
    tls: files,
    handshake: 20_000,
    reusePort: false,
    log,
    admit: () => null,
    onStartup: greet,
    onCancel: () => Promise.resolve(),
    ...over,
  });
  listeners.push(listener);
  return listener;
}

/** A raw client that keeps what it hears. */
class Client {
  readonly socket: Socket;
  heard: Buffer = Buffer.alloc(0);
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    sockets.push(socket);
    socket
      .on("data", (chunk: Buffer) => (this.heard = Buffer.concat([this.heard, chunk])))
      .on("error", () => undefined)
      .on("close", () => (this.closed = true));
  }

  static plain = (port: number) => new Client(connect(port, "127.0.0.1"));

  /** TLS at once, or on top of a client that asked for it. */
  static tls(on: number | Client, options: ConnectionOptions = {}): Client {
    const under = typeof on === "number" ? { port: on, host: "127.0.0.1" } : { socket: on.socket };
    if (typeof on !== "number") on.socket.removeAllListeners("data");
    return new Client(
      connectTls({ ...under, servername: "localhost", ca: certificate.certificate, ...options }),
    );
  }

  send(bytes: Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  /** Without FIN, where the socket is the kernel's. */
  reset(): void {
    if (this.socket instanceof TLSSocket) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Waits for bytes that hold `text`. */
  async hears(text: string): Promise<void> {
    await waitFor(() => this.heard.includes(text), {
      what: `${text} in ${this.heard.toString("latin1")}`,
    });
  }

  async ends(): Promise<string> {
    await waitFor(() => this.closed, { what: "the end of a connection" });
    return this.heard.toString("latin1");
  }
}

/** SSLRequest and TLS. */
async function secure(port: number, options: ConnectionOptions = {}): Promise<Client> {
  const plain = Client.plain(port).send(toTarget.sslRequest);
  await plain.hears("S");
  return Client.tls(plain, options);
}

const idle = (listener: PostgresListener) =>
  waitFor(() => listener.handshakes === 0, { what: "no client in a handshake" });

describe("ways in", () => {
  test("SSLRequest, with and without ALPN", async () => {
    const { port } = await open();
    for (const options of [{}, { ALPNProtocols: ["postgresql"] }]) {
      const client = (await secure(port, options)).send(startup);
      expect(await client.ends()).toMatch(/FATAL.*anyone over TLSv1\.3 TLS_AES_\w+/s);
    }
    const two = (await secure(port, { maxVersion: "TLSv1.2" })).send(startup);
    expect(await two.ends()).toMatch(/anyone over TLSv1\.2 TLS_ECDHE_\w+/);
  });

  test("direct TLS with ALPN postgresql, the start-up in the first flight", async () => {
    const { port } = await open();
    const client = Client.tls(port, { ALPNProtocols: ["h2", "postgresql"] }).send(startup);
    expect(await client.ends()).toMatch(/FATAL.*anyone over TLSv1\.3/s);
  });

  test.each([
    ["direct TLS without ALPN", false, {}],
    ["direct TLS for another protocol", false, { ALPNProtocols: ["h2", "http/1.1"] }],
    ["TLS for another protocol after SSLRequest", true, { ALPNProtocols: ["http/1.1"] }],
    ["TLS 1.1", true, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" }],
  ] satisfies [string, boolean, ConnectionOptions][])("%s is refused", async (_, asks, options) => {
    let started = false;
    const listener = await open({ onStartup: () => (started = true) });
    const client = asks ? await secure(listener.port, options) : Client.tls(listener.port, options);
    expect(await client.send(startup).ends()).toBe("");
    await idle(listener);
    expect(started).toBe(false);
  });

  test("GSSENCRequest is refused and followed by SSLRequest; a second one ends it", async () => {
    const { port } = await open();
    const client = Client.plain(port).send(gssencRequest);
    await client.hears("N");
    client.send(toTarget.sslRequest);
    await client.hears("NS");
    expect(await Client.tls(client).send(startup).ends()).toMatch(/anyone over TLS/);

    const again = Client.plain(port).send(gssencRequest);
    await again.hears("N");
    expect(await again.send(gssencRequest).ends()).toMatch(/C08P01/);
  });

  test("with tls off: N, plain text, and silence for who speaks TLS all the same", async () => {
    const { port } = await open({ tls: "off" });
    const client = Client.plain(port).send(toTarget.sslRequest);
    await client.hears("N");
    expect(await client.send(startup).ends()).toMatch(/anyone over plain text/);
    expect(await Client.tls(port, { ALPNProtocols: ["postgresql"] }).ends()).toBe("");
  });

  test("no start-up in plain text where there is TLS", async () => {
    const { port } = await open();
    expect(await Client.plain(port).send(startup).ends()).toMatch(
      /SFATAL.*C28000.*without TLS.*sslmode=require/s,
    );
  });

  test("plain text behind SSLRequest is not taken into TLS (CVE-2021-23222)", async () => {
    const { port } = await open();
    const client = Client.plain(port).send(Buffer.concat([toTarget.sslRequest, startup]));
    expect(await client.ends()).toMatch(/^E.*C08P01/s);
  });

  test.each(["plain text", "TLS"])("CancelRequest over %s: told, and no answer", async (layer) => {
    const cancels: [number, string, string][] = [];
    const { port } = await open({
      onCancel: async ({ pid, key }, address) => {
        await nextTurn();
        cancels.push([pid, key.toString(), address]);
      },
    });
    const client = layer === "TLS" ? await secure(port) : Client.plain(port);
    // Its end says that the cancel was passed on.
    expect(await client.send(toTarget.cancelRequest(42, Buffer.from("key!"))).ends()).toBe("");
    expect(cancels).toEqual([[42, "key!", expect.stringMatching(/^127\.0\.0\.1:\d+$/)]]);
  });

  test("openssl s_client -starttls postgres", async ({ skip }) => {
    if (spawnSync("openssl", ["version"]).status !== 0) skip("no openssl on this machine");
    const { port } = await open();
    const child = spawn("openssl", [
      "s_client",
      "-starttls=postgres",
      `-connect=127.0.0.1:${port}`,
      `-CAfile=${files.cert}`,
      "-verify_return_error",
      "-quiet",
    ]);
    children.push(child);
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString("latin1")));
    child.stdin.write(startup);
    await waitFor(() => out.includes("anyone over TLS"), { what: "the greeting" });
    expect(out).toMatch(/FATAL/);
  });
});

describe("what is handed over", () => {
  for (const layer of ["plain text", "TLS"] as const)
    test(`over ${layer}: not flowing, without listeners, with the bytes that came along`, async () => {
      const { promise, resolve } = Promise.withResolvers<Incoming>();
      const listener = await open({
        tls: layer === "TLS" ? files : "off",
        onStartup: resolve,
      });
      const client = layer === "TLS" ? await secure(listener.port) : Client.plain(listener.port);
      client.send(Buffer.concat([startup, toTarget.sync]));
      const incoming = await promise;
      const { socket } = incoming;
      expect(socket instanceof TLSSocket).toBe(layer === "TLS");
      expect(incoming.rest).toEqual(toTarget.sync);
      expect(incoming.address).toBe(`127.0.0.1:${socket.remotePort}`);
      expect(incoming.deadline.aborted).toBe(false);
      expect(listener.handshakes).toBe(0);
      expect(socket.readableFlowing).not.toBe(true);
      for (const event of ["data", "readable"]) expect(socket.listenerCount(event)).toBe(0);
      const later = toTarget.query("select 1");
      client.send(later);
      const [chunk] = (await once(socket, "data")) as [Buffer];
      expect(chunk).toEqual(later);
      socket.destroy();
      await client.ends();
    });

  test("its errors end nobody: a client that resets while nobody looks", async () => {
    const { promise, resolve } = Promise.withResolvers<Incoming>();
    const { port } = await open({ tls: "off", onStartup: resolve });
    const client = Client.plain(port).send(startup);
    const { socket } = await promise;
    client.reset();
    socket.resume();
    await waitFor(() => socket.closed, { what: "the end of its socket" });
    expect(socket.errored).toMatchObject({ code: "ECONNRESET" });
  });

  test("a refusal of the worker comes in the protocol's form", async () => {
    const { port } = await open({ admit: () => new SallyError("draining") });
    expect(await (await secure(port)).send(startup).ends()).toMatch(
      /SFATAL.*C57P01.*shutting down/s,
    );
  });
});

describe("clients that never get there", () => {
  test("garbage of all kinds leaves nothing behind, and others are served", async () => {
    const before = readdirSync("/dev/fd").length;
    let started = 0;
    const listener = await open({
      onStartup: (incoming) => {
        started++;
        greet(incoming);
      },
    });
    const garbage = [
      Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
      Buffer.from("SSH-2.0-OpenSSH_9.2\r\n"),
      Buffer.from([0x16, 3, 1, 0xff, 0xff]),
      Buffer.from([0x16]),
      Buffer.from([0, 0, 0, 4]),
      Buffer.from([0, 0, 0x27, 0x11]),
      Buffer.from([0xff, 0xff, 0xff, 0xff]),
      Buffer.from("0000000a0003000041", "hex"),
      ...Array.from({ length: 40 }, (_, n) => randomBytes(1 + n * 37)),
    ];
    await Promise.all(
      garbage.map(async (bytes) => {
        const plain = Client.plain(listener.port).send(bytes);
        const asked = Client.plain(listener.port).send(toTarget.sslRequest);
        const within = (await secure(listener.port)).send(bytes);
        await asked.hears("S");
        asked.send(bytes);
        // Who waits for more is left by its client, with FIN or with RST.
        for (const client of [plain, asked, within])
          if (bytes.length % 2 === 0) client.socket.end();
          else client.reset();
      }),
    );
    await idle(listener);
    expect(started).toBe(0);
    expect(await (await secure(listener.port)).send(startup).ends()).toMatch(/anyone over TLS/);
    await waitFor(() => readdirSync("/dev/fd").length <= before + 1, { what: "no file left open" });
  });

  test("a length of 10,001 is refused at once; 10,000 bytes in drops are taken", async () => {
    const { port } = await open({ tls: "off" });
    const tooLong = Buffer.from([0, 0, 0x27, 0x11, 0, 3, 0, 0]);
    expect(await Client.plain(port).send(tooLong).ends()).toMatch(/C08P01.*length/s);
    const name = "x".repeat(10_000 - startup.length - 2);
    const longest = toTarget.startupMessage([
      ["user", "anyone"],
      [name, ""],
    ]);
    expect(longest.length).toBe(10_000);
    const client = Client.plain(port);
    client.socket.setNoDelay(true);
    for (let at = 0; at < longest.length; at += 100) {
      client.send(longest.subarray(at, at + 100));
      await new Promise(setImmediate);
    }
    expect(await client.ends()).toMatch(/anyone over plain text/);
  });

  test("who dawdles is told when the time is over, and holds up nobody until then; the deadline of the log-in counts from the accept", async () => {
    const listener = await open({ handshake: 12_000 });
    const { promise, resolve } = Promise.withResolvers<Incoming>();
    const slow = await open({ tls: "off", handshake: 9000, onStartup: resolve });
    const late = logsInLate(slow.port, promise);
    const began = performance.now();
    const silent = Array.from({ length: 40 }, () => Client.plain(listener.port));
    const begun = silent.map((client, n) =>
      n % 2 ? client.send(startup.subarray(0, 1 + (n % 10))) : client,
    );
    const mute = Array.from({ length: 10 }, () =>
      Client.plain(listener.port).send(toTarget.sslRequest),
    );
    const within = await Promise.all(Array.from({ length: 10 }, () => secure(listener.port)));
    await waitFor(() => listener.handshakes === 60, { what: "60 handshakes" });
    expect(await (await secure(listener.port)).send(startup).ends()).toMatch(/anyone over TLS/);
    expect(performance.now() - began).toBeLessThan(12_000);
    for (const client of [...begun, ...within])
      expect(await client.ends()).toMatch(/SFATAL.*C08006.*longer than 12 s/s);
    // Within a TLS handshake nothing can be said.
    for (const client of mute) expect(await client.ends()).toBe("S");
    expect(performance.now() - began).toBeGreaterThan(11_900);
    await idle(listener);
    await late;
  });

  /** A client of a listener that gives 9 s for a log-in, of which it takes 3 s to say who it is. */
  async function logsInLate(port: number, startedUp: Promise<Incoming>): Promise<void> {
    const client = Client.plain(port);
    await once(client.socket, "connect");
    const began = performance.now();
    await waitFor(() => performance.now() - began > 3000, { what: "3 s" });
    client.send(startup);
    const { deadline } = await startedUp;
    expect(deadline.aborted).toBe(false);
    await waitFor(() => deadline.aborted, { what: "the deadline" });
    expect(performance.now() - began).toBeLessThan(11_900);
  }

  test("too many at a time: the oldest goes, the newest is served", async () => {
    const listener = await open({ maxHandshakes: 5 });
    const dawdlers: Client[] = [];
    for (let n = 0; n < 8; n++) {
      const client = Client.plain(listener.port);
      await once(client.socket, "connect");
      dawdlers.push(client);
    }
    for (const client of dawdlers.slice(0, 3)) await client.ends();
    expect(await (await secure(listener.port)).send(startup).ends()).toMatch(/anyone over TLS/);
    expect(logged.match(/"clients are not served"/g)).toHaveLength(1);
    expect(dawdlers.slice(4).every(({ closed }) => !closed)).toBe(true);
  });

  test("after close nobody comes in, and who is in a handshake goes on", async () => {
    const listener = await open();
    const client = await secure(listener.port);
    await once(client.socket, "secureConnect");
    await listener.close();
    const [error] = (await once(connect(listener.port, "127.0.0.1"), "error")) as [
      NodeJS.ErrnoException,
    ];
    expect(error.code).toBe("ECONNREFUSED");
    expect(await client.send(startup).ends()).toMatch(/anyone over TLS/);
  });
});

describe("certificate", () => {
  const shown = async (port: number): Promise<string> => {
    const client = await secure(port, { rejectUnauthorized: false });
    await once(client.socket, "secureConnect");
    const peer = (client.socket as TLSSocket).getPeerX509Certificate();
    expect(await client.send(startup).ends()).toMatch(/anyone over TLS/);
    return peer?.fingerprint256 ?? "";
  };
  const print = ({ certificate: pem }: Certificate) => new X509Certificate(pem).fingerprint256;

  test("is exchanged under load, without a failed handshake, a half-written one included", async () => {
    const next = await makeCertificate();
    const { port } = await open({ reloadEvery: 10 });
    const load = { more: true, before: 0, after: 0 };
    const clients = Array.from({ length: 4 }, async () => {
      while (load.more) {
        const seen = await shown(port);
        expect([print(certificate), print(next)]).toContain(seen);
        if (seen === print(next)) load.after++;
        else load.before++;
      }
    });
    const watched = waitFor(() => load.before > 5, { what: "some clients" }).then(async () => {
      // The key alone does not fit; the certificate follows when that was seen.
      writeFileSync(files.key, next.key);
      await waitFor(() => logged.includes("the old one stays"), { what: "the complaint" });
      writeFileSync(files.cert, next.certificate.slice(0, 100));
      writeFileSync(files.cert, next.certificate);
      await waitFor(() => load.after > 5, { what: "clients of the new certificate" });
    });
    await watched.finally(() => (load.more = false));
    await Promise.all(clients);
    expect(await shown(port)).toBe(print(next));
    expect(logged).not.toContain("PRIVATE KEY");
  });

  test("that is gone or worthless leaves the old one in use, and is told once", async () => {
    const listener = await open({ reloadEvery: 3_600_000 });
    rmSync(files.cert);
    for (let n = 0; n < 3; n++) expect(listener.reload()).toBe(false);
    expect(logged.match(/the old one stays/g)).toHaveLength(1);
    expect(await shown(listener.port)).toBe(print(certificate));
    writeFileSync(files.cert, certificate.certificate);
    listener.reload();
    expect(await shown(listener.port)).toBe(print(certificate));
  });

  test("that does not fit its key keeps the listener from opening", async () => {
    writeFileSync(files.key, (await makeCertificate()).key);
    await expect(open()).rejects.toThrow(/key/);
    await expect(open({ tls: { ...files, cert: "/nonexistent" } })).rejects.toThrow(/ENOENT/);
  });

  test("a port that is taken is an error, not a crash", async () => {
    const { port } = await open();
    await expect(open({ address: { host: "127.0.0.1", port } })).rejects.toThrow(/EADDRINUSE/);
  });
});

describe("processes", () => {
  const fixture = join(import.meta.dirname, "listener.fixture.ts");
  async function start(port: number, most: number, openFiles = 1000) {
    const child = spawn(
      "sh",
      [
        "-c",
        `ulimit -n ${openFiles} && exec "$0" "$@"`,
        process.execPath,
        fixture,
        `${port}`,
        `${most}`,
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    children.push(child);
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    return { child, port: Number(line.toString()), said: () => said };
  }
  const servedBy = async (port: number): Promise<number> => {
    const heard = await Client.plain(port).send(startup).ends();
    return Number(/served by (\d+)/.exec(heard)?.[1]);
  };

  test("several share one port, and what one leaves the other takes", async () => {
    const one = await start(0, 1000);
    const two = await start(one.port, 1000);
    const pids = new Set<number>();
    for (let n = 0; n < 100 && pids.size < 2; n++) pids.add(await servedBy(one.port));
    expect(pids).toEqual(new Set([one.child.pid, two.child.pid]));
    one.child.kill("SIGTERM");
    await waitFor(() => one.child.exitCode === 0, { what: "the end of the first" });
    for (let n = 0; n < 20; n++) expect(await servedBy(one.port)).toBe(two.child.pid);
  });

  test("out of files, who comes is dropped, and it goes on accepting when there are some again", async () => {
    const { child, port } = await start(0, 1000, 60);
    const many = Array.from({ length: 80 }, () => Client.plain(port));
    await waitFor(() => many.some(({ closed }) => closed), { what: "a dropped client" });
    for (const { socket } of many) socket.destroy();
    await waitFor(async () => (await servedBy(port)) === child.pid, { what: "a served client" });
    expect(child.exitCode).toBeNull();
  });

  test("with its own bound on handshakes it never is: dawdlers go, and it says so once", async () => {
    const { child, port, said } = await start(0, 15, 60);
    const many = Array.from({ length: 80 }, () => Client.plain(port));
    await waitFor(() => many.filter(({ closed }) => closed).length >= 65, { what: "65 to go" });
    expect(await servedBy(port)).toBe(child.pid);
    expect(said().match(/"clients are not served"/g)).toHaveLength(1);
  });
});

describe.skipIf(!hasPsql())("psql (on this machine)", () => {
  const run = (port: number, sslmode: string) =>
    psql([`host=127.0.0.1 port=${port} user=ci dbname=shop ${sslmode}`, "-c", "select 1"]);

  test.each([
    ["sslmode=require", /ci over TLSv1\.3/],
    ["sslmode=prefer gssencmode=prefer", /ci over TLSv1\.3/],
    [`sslmode=verify-full sslrootcert=${files.cert}`, /ci over TLSv1\.3/],
    ["sslmode=verify-full sslrootcert=/nonexistent", /does not exist/],
    ["sslmode=disable", /takes no password without TLS\nHINT: {2}connect with sslmode=require/],
  ])("%s", async (sslmode, says) => {
    const { port } = await open();
    const { code, stderr } = await run(port, sslmode);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });

  test("a certificate of somebody else is refused by verify-full", async () => {
    const listener = await open();
    const other = join(directory, "other.pem");
    writeFileSync(other, (await makeCertificate()).certificate);
    const { stderr } = await run(listener.port, `sslmode=verify-full sslrootcert=${other}`);
    expect(stderr).toMatch(/certificate verify failed|self-signed/);
    await idle(listener);
  });

  describe("through the listener to a real server", () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres({ hba: ["host all all 127.0.0.1/32 trust"] });
    });
    afterAll(() => server.stop());

    /** Joins a client to the server as it comes. */
    const splice = ({ socket, startup: { parameters }, rest }: Incoming) => {
      const target = connect(server.port, "127.0.0.1");
      sockets.push(target);
      target.on("error", () => socket.destroy()).on("close", () => socket.destroy());
      socket.on("close", () => target.destroy());
      target.write(toTarget.startupMessage([...parameters], 0));
      target.write(rest);
      socket.pipe(target);
      target.pipe(socket);
    };

    test("a session with much in both directions, over TLS", async () => {
      const { port } = await open({ onStartup: splice });
      const { stdout, code, stderr } = await psql(
        [`host=127.0.0.1 port=${port} user=postgres dbname=postgres sslmode=require`, "-At"],
        {
          input: `create temp table t (x text);\ncopy t from stdin;\n${"y".repeat(999)}\n`.concat(
            `${"z".repeat(999)}\n`.repeat(2000),
            "\\.\nselect length(string_agg(x, '')) from t;\nselect repeat('a', 3000000);\n",
          ),
        },
      );
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(stdout).toContain(`${2001 * 999}\n`);
      expect(stdout).toContain("a".repeat(3_000_000));
    });

    test("Ctrl-C: its CancelRequest comes as one", async () => {
      const { port } = await open({
        onStartup: splice,
        onCancel: async ({ pid, key }) => {
          const target = connect(server.port, "127.0.0.1");
          sockets.push(target);
          target.end(toTarget.cancelRequest(pid, key));
          await once(target.resume(), "close");
        },
      });
      const running = startPsql([
        `host=127.0.0.1 port=${port} user=postgres dbname=postgres sslmode=require`,
        "-c",
        "select pg_sleep(60)",
      ]);
      await waitFor(
        async () =>
          (await server.query("select 1 from pg_stat_activity where wait_event = 'PgSleep'"))
            .length === 1,
        { what: "the statement to run" },
      );
      running.kill("SIGINT");
      expect((await running.done).stderr).toContain("canceling statement due to user request");
    });
  });
});
