import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { inspect } from "node:util";
import { parseBackend, toClient, toTarget, type BackendMessage } from "@sallyport/pgwire";
import { makeCertificate, startPostgres, waitFor, type PostgresServer } from "@sallyport/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { dial } from "../../services/proxy/src/postgres/upstream/dial.ts";
import {
  openTarget,
  type Target,
  type TargetOptions,
} from "../../services/proxy/src/postgres/upstream/open-target.ts";
import { sendCancel } from "../../services/proxy/src/postgres/upstream/send-cancel.ts";
import { TargetError } from "../../services/proxy/src/postgres/upstream/target-error.ts";

const password = "correct horse µ²";
const roles = ["trusted", "clear", "md5ed", "scrammed"];

let server: PostgresServer;
const targets: Target[] = [];

beforeAll(async () => {
  server = await startPostgres({
    tls: true,
    settings: { md5_password_warnings: "off" },
    hba: [
      "host all trusted 127.0.0.1/32 trust",
      "host all clear 127.0.0.1/32 password",
      "host all md5ed 127.0.0.1/32 md5",
      "host all all 127.0.0.1/32 scram-sha-256",
    ],
    sql: roles
      .map((role) =>
        role === "md5ed"
          ? `SET password_encryption = md5; CREATE ROLE md5ed LOGIN PASSWORD '${password}'; RESET password_encryption`
          : `CREATE ROLE ${role} LOGIN PASSWORD '${password}'`,
      )
      .join(";"),
  });
});
afterAll(() => server.stop());
afterEach(() => {
  for (const target of targets.splice(0)) target.socket.destroy();
});

const options = (over: Partial<TargetOptions> = {}): TargetOptions => ({
  host: "127.0.0.1",
  port: server.port,
  tls: "off",
  database: "postgres",
  user: "scrammed",
  password,
  parameters: new Map(),
  maxBuffered: 1 << 20,
  ...over,
});

const soon = () => AbortSignal.timeout(60_000);

async function opened(over: Partial<TargetOptions> = {}): Promise<Target> {
  const target = await openTarget(options(over), soon());
  targets.push(target);
  return target;
}

async function refused(promise: Promise<unknown>): Promise<TargetError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TargetError)) throw new Error("not refused", { cause: error });
  return error;
}

/** What the target says to one simple query. */
function ask(target: Target, text: string): Promise<BackendMessage[]> {
  const messages: BackendMessage[] = [];
  return new Promise((resolve) => {
    target.listen(() => {
      for (let frame = target.reader.next(); frame !== undefined; frame = target.reader.next()) {
        const message = parseBackend(frame.bytes);
        messages.push(message);
        if (message.kind === "ready-for-query") resolve(messages);
      }
    });
    target.socket.write(toTarget.query(text));
  });
}

const answer = async (target: Target, text: string) => {
  const row = (await ask(target, text)).find((message) => message.kind === "data-row");
  return row?.frame.subarray(11).toString();
};

describe.each(["off", "require", "verify-full"] as const)("tls: %s", (tls) => {
  test.each(roles)("role `%s` gets in", async (user) => {
    const target = await opened({ tls, user, ca: server.certificate });
    expect(target.serverVersion).toMatch(/^18/);
    expect(target.parameters.get("session_authorization")).toBe(user);
    expect(target.key).toHaveLength(4);
    expect(await answer(target, "SELECT pg_backend_pid()")).toBe(String(target.pid));
    const encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    expect(await answer(target, encrypted)).toBe(tls === "off" ? "f" : "t");
  });

  test.each(["clear", "md5ed", "scrammed"])("role `%s` with a wrong password", async (user) => {
    const wrong = "not the password";
    const error = await refused(
      openTarget(options({ tls, user, password: wrong, ca: server.certificate }), soon()),
    );
    expect(error.code).toBe("target-refused-login");
    expect(error.ownWords).toBeUndefined();
    expect(error.said?.sqlstate).toBe("28P01");
    expect(inspect(error, { depth: 9 })).not.toContain(wrong);
  });
});

describe("somebody in between with a certificate of their own", () => {
  let relay: Server;
  let ca: string;
  /** What the relay does to the bytes on their way from the server. */
  let tamper = (bytes: Buffer) => bytes;
  const sockets = new Set<Duplex>();

  beforeAll(async () => {
    const { certificate, key } = await makeCertificate(["relay.example"]);
    ca = certificate;
    relay = createServer((client) => {
      client.once("data", () => {
        client.write("S");
        const inner = new TLSSocket(client, { isServer: true, cert: certificate, key });
        sockets.add(inner);
        inner.on("error", () => undefined);
        const tampered = (bytes: Buffer): void => void inner.write(tamper(bytes));
        void dial(options({ tls: "require" }), soon(), tampered).then(({ socket }) => {
          sockets.add(socket);
          inner.pipe(socket);
          socket.on("end", () => inner.end());
          return undefined;
        });
      });
    });
    await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    relay.close();
  });

  const relayed = (over: Partial<TargetOptions>) => {
    const { port } = relay.address() as AddressInfo;
    return openTarget(options({ port, ...over }), soon());
  };

  test("cannot relay SCRAM, even under `require`: it is bound to the certificate", async () => {
    tamper = (bytes) => bytes;
    const error = await refused(relayed({ tls: "require" }));
    expect(error.said?.message).toContain("SCRAM channel binding check failed");
  });

  test("cannot strike the binding from the list", async () => {
    tamper = (bytes) =>
      bytes.includes("SCRAM-SHA-256-PLUS") ? toClient.authenticationSasl(["SCRAM-SHA-256"]) : bytes;
    const error = await refused(relayed({ tls: "require" }));
    expect(error.said?.message).toContain("SCRAM channel binding negotiation error");
  });

  test("is found by `verify-full`: unknown authority, or another name", async () => {
    expect(await refused(relayed({ tls: "verify-full" }))).toMatchObject({
      code: "target-tls",
      cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
    });
    expect(await refused(relayed({ tls: "verify-full", host: "localhost", ca }))).toMatchObject({
      code: "target-tls",
      cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" },
    });
  });
});

test("start-up parameters are handed on, and a wrong one keeps the target's code", async () => {
  const target = await opened({
    parameters: new Map([
      ["application_name", "ci job"],
      ["client_encoding", "UTF8"],
      ["options", "-c statement_timeout=1234"],
    ]),
  });
  expect(target.parameters.get("application_name")).toBe("ci job");
  expect(await answer(target, "SHOW statement_timeout")).toBe("1234ms");
  const error = await refused(
    openTarget(options({ parameters: new Map([["work_mem", "a lot"]]) }), soon()),
  );
  expect(error).toMatchObject({ code: "target-refused-login", ownWords: { sqlstate: "22023" } });
  expect(error.ownWords?.message).toContain("work_mem");
});

test("once in, the deadline means nothing, and a lost target ends no process", async () => {
  const deadline = new AbortController();
  const target = await openTarget(options({ tls: "require" }), deadline.signal);
  targets.push(target);
  deadline.abort();
  expect(await answer(target, "SELECT 7")).toBe("7");
  await server.query("SELECT pg_terminate_backend($1)", [target.pid]);
  await waitFor(() => target.socket.destroyed, { what: "the socket to close" });
});

test("a database that is not there", async () => {
  const error = await refused(openTarget(options({ database: "nowhere" }), soon()));
  expect(error).toMatchObject({ code: "target-refused-login", ownWords: { sqlstate: "3D000" } });
});

test.each(["off", "require"] as const)(
  "a cancel over tls `%s` reaches the session",
  async (tls) => {
    const target = await opened({ tls });
    const slept = ask(target, "SELECT pg_sleep(30)");
    await waitFor(
      async () =>
        (await server.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length,
      { what: "the session to sleep" },
    );
    await sendCancel(options({ tls }), target.pid, target.key, soon());
    const messages = await slept;
    expect(messages.find((message) => message.kind === "error")?.fields.sqlstate).toBe("57014");
  },
);

describe("hostile and absent targets", () => {
  let hostile: Server | undefined;
  const sockets = new Set<Socket>();
  afterEach(() => {
    hostile?.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  });

  function listen(greet: (socket: Socket) => void): Promise<number> {
    const listener = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      greet(socket);
    });
    hostile = listener;
    return new Promise((resolve) => {
      listener.listen(0, "127.0.0.1", () => {
        const { port } = listener.address() as AddressInfo;
        resolve(port);
      });
    });
  }

  test("nobody listens", async () => {
    const port = await listen(() => undefined);
    await new Promise((resolve) => hostile?.close(resolve));
    const error = await refused(openTarget(options({ port }), soon()));
    expect(error).toMatchObject({ code: "target-unreachable", cause: { code: "ECONNREFUSED" } });
  });

  test.each(["off", "require"] as const)("it says nothing (tls: %s)", async (tls) => {
    const port = await listen((socket) => socket.resume());
    const error = await refused(openTarget(options({ port, tls }), AbortSignal.timeout(200)));
    expect(error.code).toBe("target-deadline");
    await waitFor(() => [...sockets].every((socket) => socket.destroyed || socket.readableEnded), {
      what: "our side to hang up",
    });
  });

  test.each([
    ["refuses TLS", "N"],
    ["answers with an error", "E\0\0\0\x05\0"],
    ["sends more than the yes to TLS", "SR\0\0\0\x08\0\0\0\0"],
  ])("it %s", async (_, bytes) => {
    const port = await listen((socket) => socket.once("data", () => socket.write(bytes, "latin1")));
    const error = await refused(openTarget(options({ port, tls: "require" }), soon()));
    expect(error.code).toBe("target-tls");
  });

  test.each([
    ["is an HTTP server", "HTTP/1.1 400 Bad Request\r\n\r\n"],
    ["claims a message of 2 GiB", "R\x7f\xff\xff\xff"],
    ["is ready before it let us in", "Z\0\0\0\x05I"],
    ["sends rows", "D\0\0\0\x06\0\0D\0\0\0\x06\0\0"],
  ])("it %s", async (_, bytes) => {
    const port = await listen((socket) => socket.once("data", () => socket.write(bytes, "latin1")));
    const error = await refused(openTarget(options({ port }), soon()));
    expect(error.code).toBe("target-protocol");
  });

  test("it hangs up", async () => {
    const port = await listen((socket) => socket.once("data", () => socket.end()));
    const error = await refused(openTarget(options({ port }), soon()));
    expect(error.code).toBe("target-unreachable");
  });
});
