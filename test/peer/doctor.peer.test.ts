import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connectBus, readCredentials, type Bus } from "@sallyport/bus";
import type { Config, ConfigText } from "@sallyport/contracts";
import { loadConfig, type LoadedConfig } from "@sallyport/runtime";
import {
  freePort,
  makeCertificate,
  startIssuer,
  startNats,
  startPostgres,
  type PostgresServer,
} from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { readBundle } from "../../cli/src/bundle.ts";
import { busChecks } from "../../cli/src/doctor/bus-checks.ts";
import { certificateChecks } from "../../cli/src/doctor/certificate-checks.ts";
import type { Check } from "../../cli/src/doctor/check.ts";
import { Clocks } from "../../cli/src/doctor/clocks.ts";
import { privateFileChecks } from "../../cli/src/doctor/file-checks.ts";
import { issuerChecks } from "../../cli/src/doctor/issuer-checks.ts";
import { serviceChecks } from "../../cli/src/doctor/service-checks.ts";
import { targetChecks } from "../../cli/src/doctor/target-checks.ts";
import { TestBus } from "./bus.fixture.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sallyport-doctor-"));
});
afterAll(() => rm(directory, { recursive: true }));

/** A config as an operator wrote it. */
async function configured(changes: Partial<ConfigText> = {}): Promise<LoadedConfig> {
  const file = join(directory, "sallyport.yaml");
  await mkdir(join(directory, "policies"), { recursive: true });
  const config: ConfigText = {
    identity: { issuers: { corp: { issuer: "http://127.0.0.1:1", audience: "sallyport" } } },
    connections: {},
    policies: "./policies",
    ...changes,
  };
  await writeFile(file, JSON.stringify(config));
  return loadConfig(file);
}

/** `state about: found`, and the next step of what is not right. */
const wrong = (checks: readonly Check[]): string[] =>
  checks
    .filter(({ state }) => state !== "ok")
    .map(({ state, about, found }) => `${state} ${about}: ${found}`);

describe("the bus", () => {
  const MiB = 1024 * 1024;
  /** As `TestBus` sets it up. */
  const limits = { record: "8MiB", output: "16MiB" } as const;

  async function look(bus: Bus, changes: Partial<ConfigText> = {}): Promise<Check[]> {
    const { config }: { config: Config } = await configured({ limits, ...changes });
    return busChecks({ bus, config, monitoring: undefined, bundle: null, clocks: new Clocks() });
  }

  test("fsync that is wanted and cannot be seen, streams that differ or are missing", async () => {
    await using bus = await TestBus.start();
    const operator = await bus.connect("operator");
    expect(wrong(await look(operator, { durability: "fsync" }))).toEqual([
      "fail durability: config wants `fsync`, but an acknowledgement is worth `buffered`: whether the server syncs cannot be seen, so it counts as not",
      "fail bundle: nothing was ever applied",
      "fail revocations: authn has not marked them as complete, so workers serve nobody",
    ]);
    const setup = await bus.connect("setup");
    const manager = await jetstreamManager(setup.nats, { checkAPI: false });
    await manager.streams.update("OUTPUT_0", { max_msgs: 5 });
    await manager.streams.delete("KV_approvals");
    expect(wrong(await look(operator))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^fail streams: OUTPUT_0: .*max_msgs/) as string,
        expect.stringMatching(/^fail streams: KV_approvals: stream not found/) as string,
      ]),
    );
    await manager.streams.delete("RECORD_0");
    expect(wrong(await look(operator)).join("\n")).toContain(
      "fail bus fill: RECORD_0: stream not found",
    );
  });

  test("a record that fills", async () => {
    await using bus = await TestBus.start();
    const operator = await bus.connect("operator");
    const setup = await bus.connect("setup");
    const fill = async (bytes: number): Promise<string | undefined> => {
      for (let written = 0; written < bytes; written += MiB)
        await setup.nats.request("sp.rec.0.w1.event", Buffer.alloc(MiB));
      return wrong(await look(operator)).find((line) => line.includes("RECORD_0"));
    };
    expect(await fill(4 * MiB)).toBeUndefined();
    expect(await fill(2.5 * MiB)).toMatch(/^warn RECORD_0: 8\d % full: new sessions are refused$/);
    await setup.nats.request("sp.rec.0.w1.event", Buffer.alloc(MiB / 2));
    expect(wrong(await look(operator)).join("\n")).toMatch(
      /fail RECORD_0: 9\d % full: commands are refused/,
    );
  });

  test("a server that permits everything, and has nothing", async () => {
    await using bus = await TestBus.start();
    // The same users' keys on a server whose configuration knows no permissions.
    const nats = await startNats();
    onTestFinished(() => nats.stop());
    const stranger = await connectBus({
      servers: [nats.url],
      credentials: await readCredentials(join(bus.directory, "credentials"), "operator"),
      name: "test",
      log: { debug() {}, info() {}, warn() {}, error() {} },
      alarms: { raise() {} },
    });
    onTestFinished(() => stranger.stop());
    const found = wrong(await look(stranger));
    expect(found).toContain("fail permissions: the server lets the operator publish anywhere");
    expect(found).toContain("fail streams: RECORD_0: stream not found");
  });
});

describe("targets", () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres({
      sql: "CREATE ROLE app LOGIN PASSWORD 'right'; CREATE TABLE public.customers (id int, email text); ALTER DATABASE postgres SET TIME ZONE 'UTC'",
    });
    process.env["DOCTOR_TEST_PASSWORD"] = "right";
  });
  afterAll(async () => {
    delete process.env["DOCTOR_TEST_PASSWORD"];
    await postgres[Symbol.asyncDispose]();
  });

  const connection = (
    changes: { port?: number; database?: string; username?: string; env?: string } = {},
  ): ConfigText["connections"] => ({
    orders: {
      protocol: "postgres",
      target: {
        host: "127.0.0.1",
        port: changes.port ?? postgres.port,
        database: changes.database ?? "postgres",
        tls: "off",
      },
      credentials: {
        username: changes.username ?? "app",
        password: { env: changes.env ?? "DOCTOR_TEST_PASSWORD" },
      },
      columns: { "public.customers.emial": ["pii"] },
    },
  });
  const look = async (changes: Parameters<typeof connection>[0] = {}): Promise<Check[]> => {
    const loaded = await configured({ connections: connection(changes) });
    await writeFile(
      join(directory, "policies", "a.cedar"),
      '@id("p") permit (principal, action, resource in Table::"orders/public.custmers");',
    );
    const { engine } = readBundle(loaded, Date.now());
    return targetChecks(loaded, engine, new Clocks());
  };

  test("names that the target lacks", async () => {
    expect(wrong(await look())).toEqual([
      expect.stringContaining("public.customers.emial"),
      expect.stringContaining("public.custmers"),
    ]);
  });

  test("a wrong password, an unknown database, nobody there, a superuser, a missing secret", async () => {
    process.env["DOCTOR_TEST_WRONG"] = "wrong";
    process.env["DOCTOR_TEST_SUPER"] = postgres.password;
    onTestFinished(() => {
      delete process.env["DOCTOR_TEST_WRONG"];
      delete process.env["DOCTOR_TEST_SUPER"];
    });
    const first = async (
      changes: Parameters<typeof look>[0],
    ): Promise<[string, string | undefined]> => {
      const [check] = (await look(changes)).filter(({ state }) => state !== "ok");
      return [`${check?.state} ${check?.found}`, check?.todo];
    };
    expect(await first({ env: "DOCTOR_TEST_WRONG" })).toEqual([
      expect.stringContaining("password authentication failed"),
      "compare `credentials` with the target's role and its pg_hba.conf",
    ]);
    expect(await first({ database: "nowhere" })).toEqual([
      expect.stringContaining('database "nowhere" does not exist'),
      "compare `target.database` with the databases of the server",
    ]);
    expect(await first({ port: await freePort() })).toEqual([
      expect.stringContaining("ECONNREFUSED"),
      "compare `target.host` and `target.port` with where the server listens",
    ]);
    expect(await first({ username: "postgres", env: "DOCTOR_TEST_SUPER" })).toEqual([
      "warn `postgres` is a superuser",
      expect.stringContaining("no more than its clients"),
    ]);
    expect((await first({ env: "DOCTOR_TEST_UNSET" }))[0]).toMatch(/^warn not looked at: .*UNSET/);
  });

  test("a version that is not served", async () => {
    const old = await startPostgres({ major: 14 });
    onTestFinished(() => old[Symbol.asyncDispose]());
    process.env["DOCTOR_TEST_OLD"] = old.password;
    onTestFinished(() => void delete process.env["DOCTOR_TEST_OLD"]);
    expect(
      wrong(await look({ port: old.port, username: "postgres", env: "DOCTOR_TEST_OLD" })),
    ).toEqual([expect.stringMatching(/PostgreSQL 14\..* is not read here, 15 to 18 are$/)]);
  });
});

describe("issuers", () => {
  test("one that is away, one of another name, one whose clock is off", async () => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer[Symbol.asyncDispose]());
    const late = createServer((request, response) => {
      response.setHeader("date", new Date(Date.now() - 120_000).toUTCString());
      const body = request.url?.includes("openid-configuration")
        ? { issuer: "https://elsewhere.example", jwks_uri: `${issuer.issuer}/jwks` }
        : {};
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => late.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void late.close());
    const { port } = late.address() as AddressInfo;
    const at = (url: string) => ({ issuer: url, audience: "sallyport" });
    const loaded = await configured({
      identity: {
        issuers: {
          corp: at(issuer.issuer),
          away: at(`http://127.0.0.1:${await freePort()}`),
          other: at(`http://127.0.0.1:${port}`),
        },
      },
    });
    const clocks = new Clocks();
    expect(wrong(await issuerChecks(loaded, clocks))).toEqual([
      expect.stringMatching(/^fail issuer away: /),
      "fail issuer other: calls itself `https://elsewhere.example`",
    ]);
    expect(wrong(clocks.checks())).toEqual([
      expect.stringMatching(/^fail clocks: that of issuer other is 1(19|2\d) s behind/),
    ]);
  });
});

test("a service that does not serve, one that raised an alarm, and one that is not there", async () => {
  const pages: Record<string, object> = {
    "/recorder/readyz": { ready: false, alarms: {}, archive: "out of reach" },
    "/policy/readyz": { ready: true, alarms: { "verdict-forged": 2 } },
    "/authn/readyz": { ready: true, alarms: {}, operatorKey: "not watched" },
    "/approval/readyz": {
      ready: true,
      alarms: {},
      webhooks: {
        chat: { undelivered: 0, abandoned: 2, lastFailure: { problem: "answers 410: it is gone" } },
        mail: { undelivered: 0, abandoned: 0, lastFailure: { problem: "answers 500" } },
      },
    },
  };
  const server = createServer((request, response) =>
    response.end(JSON.stringify(pages[request.url ?? ""] ?? {})),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const base = `http://127.0.0.1:${port}`;
  const names = ["recorder", "policy", "authn", "approval"];
  const found = await serviceChecks(
    {
      v: 1,
      pid: 1,
      servers: [],
      http: Object.fromEntries(names.map((name) => [name, `${base}/${name}`])),
      workers: { w1: `http://127.0.0.1:${await freePort()}` },
      reserved: {},
      postgres: `127.0.0.1:${await freePort()}`,
    },
    new Clocks(),
  );
  expect(wrong(found)).toEqual([
    'fail service recorder: does not serve: {"archive":"out of reach"}',
    "warn service policy: serves, but raised alarms: verdict-forged 2 times",
    "warn service authn: serves, but does not see who uses the operator's key",
    "warn service approval: serves, but webhook chat is told no more of 2 events (answers 410: it is gone)",
    expect.stringMatching(/^fail service w1: does not answer on .*ECONNREFUSED/),
    expect.stringMatching(/^fail listener postgres: nobody answers on .*ECONNREFUSED/),
  ]);
});

test("a certificate that is over, about to be, or not there; keys that others may read", async () => {
  const { certificate, key } = await makeCertificate();
  const files = { cert: join(directory, "tls.crt"), key: join(directory, "tls.key") };
  await writeFile(files.cert, certificate);
  await writeFile(files.key, key, { mode: 0o600 });
  const listen = { postgres: { address: "127.0.0.1:0", tls: files } };
  const loaded = await configured({ listen });
  const look = (days: number) =>
    wrong(certificateChecks(loaded, directory, Date.now() + days * 86_400_000));
  // The testkit's certificates are valid for a day.
  expect(look(0)).toEqual([expect.stringMatching(/^warn certificate postgres: valid until /)]);
  expect(look(2)).toEqual([expect.stringMatching(/^fail certificate postgres: expired /)]);
  expect(look(-20)).toEqual([]);
  expect(wrong(privateFileChecks([directory]))).toEqual([]);
  await chmod(files.key, 0o644);
  expect(wrong(privateFileChecks([directory]))).toEqual([
    `fail files: \`${files.key}\` is open to others`,
  ]);
  await rm(files.cert);
  expect(look(0)).toEqual([expect.stringMatching(/^fail certificate postgres: ENOENT/)]);
  // Where no worker ran, nobody has made one; it is made where one listens.
  const own = await configured({ listen: { postgres: { address: "127.0.0.1:0" } } });
  expect(wrong(certificateChecks(own, directory, Date.now()))).toEqual([
    "warn certificate postgres: not made here",
  ]);
});
