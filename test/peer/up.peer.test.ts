import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { busUser, createCredentials, natsServerConfig } from "@sallyport/bus";
import {
  freePort,
  runSally,
  SallyUp,
  serviceProcesses,
  startNats,
  waitFor,
} from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "sallyport-up-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const policy = `@id("ci") permit (principal in Group::"corp/ci", action, resource in Connection::"orders");\n`;

interface Place {
  readonly config: string;
  readonly data: string;
  readonly log: string;
  readonly policies: string;
}

async function place(name: string, postgres = 0): Promise<Place> {
  const directory = join(root, name);
  const policies = join(directory, "policies");
  await mkdir(policies, { recursive: true });
  await writeFile(join(policies, "a.cedar"), policy);
  const config = join(directory, "sallyport.yaml");
  await writeFile(
    config,
    `listen:
  postgres: { address: 127.0.0.1:${postgres} }
  authn: 127.0.0.1:0
  policy: 127.0.0.1:0
  approval: 127.0.0.1:0
  recorder: 127.0.0.1:0
identity: { issuers: { corp: { issuer: "http://127.0.0.1:1", audience: sallyport } } }
connections:
  orders:
    protocol: postgres
    target: { host: 127.0.0.1, port: 1, database: orders, tls: off }
    credentials: { username: app, password: { env: UP_TEST_PASSWORD } }
policies: ./policies
archive: { directory: ./archive, every: 1s }
drain: 1s
`,
  );
  return { config, data: join(directory, "data"), log: join(directory, "up.log"), policies };
}

const env = { UP_TEST_PASSWORD: "canary-of-the-target", SALLY_TOKEN: "canary-of-a-person" };

const pidOf = (data: string, service: string, name: string | null = null): number =>
  serviceProcesses(data).find((one) => one.service === service && one.name === name)?.pid ?? 0;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("`sally up`", () => {
  let here: Place;
  let up: SallyUp;
  beforeAll(async () => {
    here = await place("main");
    up = await SallyUp.start({ ...here, env, args: ["--workers", "2"] });
  });
  afterAll(() => up.stop());

  test("runs each service as its own process, workers on one port", () => {
    expect(
      up
        .services()
        .map(({ service, name }) => (name === null ? service : `${service} ${name}`))
        .toSorted(),
    ).toEqual(["approval", "authn", "nats-server", "policy", "proxy w1", "proxy w2", "recorder"]);
    for (const listener of ["postgres", "authn", "policy", "approval", "recorder"])
      expect(up.address(listener).port).toBeGreaterThan(0);
  });

  test("leaves what it made to its owner alone", () => {
    for (const folder of ["", "nats", "credentials", "keys", "tls"])
      expect(statSync(join(here.data, folder)).mode & 0o777).toBe(0o700);
    for (const file of [
      "credentials/operator.json",
      "keys/masking.key",
      "tls/ca.key",
      "nats/nats.conf",
    ])
      expect(statSync(join(here.data, file)).mode & 0o777).toBe(0o600);
  });

  test.runIf(existsSync("/proc/self/environ"))(
    "gives target credentials to workers and to nobody else (I5)",
    () => {
      const environment = (pid: number): string => readFileSync(`/proc/${pid}/environ`, "utf8");
      for (const { pid, service } of up.services()) {
        expect([service, environment(pid).includes(env.UP_TEST_PASSWORD)]).toEqual([
          service,
          service === "proxy",
        ]);
        expect(environment(pid)).not.toContain(env.SALLY_TOKEN);
      }
    },
  );

  test("refuses a second one on its data directory", async () => {
    const second = await runSally(["up", "--config", here.config, "--data", here.data], { env });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain("runs already from");
  });

  test("does not disturb another one on the same host", async () => {
    const there = await place("other");
    const other = await SallyUp.start({ ...there, env, args: ["--only", "policy"] });
    expect(
      other
        .services()
        .map(({ service }) => service)
        .toSorted(),
    ).toEqual(["nats-server", "policy"]);
    // Nobody there puts what is applied into the archive, and that is said.
    const applied = await runSally([
      "apply",
      "--config",
      there.config,
      "--data",
      there.data,
      "--json",
    ]);
    expect(JSON.parse(applied.stdout)).toMatchObject({ revision: 1, archived: false });
    expect([applied.code, applied.stderr]).toEqual([
      0,
      expect.stringContaining("no recorder runs: the bundle is in force and not in the archive"),
    ]);
    await other.stop();
    expect(up.running).toBe(true);
    expect(up.services()).toHaveLength(7);
  });

  test("starts again what crashed, nats-server too, in the same place", async () => {
    for (const [service, name] of [
      ["policy", null],
      ["proxy", "w1"],
      ["nats-server", null],
    ] as const) {
      const before = pidOf(here.data, service, name);
      process.kill(before, "SIGKILL");
      const now = await waitFor(
        () => {
          const pid = pidOf(here.data, service, name);
          return pid !== before && pid;
        },
        { what: `${service} to be started again` },
      );
      await waitFor(async () => (await up.log()).includes(`is back (pid ${now})`), {
        what: `${service} to be back`,
      });
    }
    await waitFor(
      async () =>
        (await runSally(["apply", "--config", here.config, "--data", here.data])).code === 0,
      { what: "the bus to answer" },
    );
    expect(await up.log()).toContain("starting it again in 0.5 s");
  });

  test("`apply` loads a changed policy as a new revision, and refuses what does not load", async () => {
    const args = ["apply", "--config", here.config, "--data", here.data, "--json"];
    const same = await runSally(args);
    expect(JSON.parse(same.stdout)).toEqual({
      revision: 1,
      changed: false,
      changes: [],
      archived: true,
    });

    const file = join(here.policies, "b.cedar");
    await writeFile(file, '@id("x") permit (principal in Group::"crop/ci", action, resource);\n');
    const wrong = await runSally(args);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/policies\/b\.cedar:1: .*crop/);

    await writeFile(file, '@id("x") forbid (principal, action in Action::"define", resource);\n');
    const changed = await runSally(args);
    expect(JSON.parse(changed.stdout)).toEqual({
      revision: 2,
      changed: true,
      changes: ["+ policy file b.cedar"],
      archived: true,
    });
    expect(changed.stderr).toBe("");
  });

  test("what operators did is evidence: who, from where, what, and each use of their key", async () => {
    const common = ["--config", here.config, "--data", here.data];
    expect(
      (await runSally(["identity", "revoke", "corp#gone", "--reason", "left", ...common])).code,
    ).toBe(0);
    expect((await runSally(["identity", "list", ...common])).code).toBe(0);
    const acts = async () =>
      (await runSally(["sessions", "acts", "--json", ...common])).stdout
        .trim()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<"act" | "text" | "by" | "from", string>);
    const used = (text: string): boolean => text.includes("`sally identity list (");
    const found = await waitFor(
      async () => {
        const all = await acts();
        return all.some(({ act, text }) => act === "key-used" && used(text)) && all;
      },
      { what: "the use of the key in the archive" },
    );
    const me = expect.stringMatching(/^.+@.+$/) as string;
    for (const [act, text, recorded] of [
      ["keys", "made the bus keys of ", "operator"],
      ["apply", "bundle after revision 1: + policy file b.cedar", "operator"],
      ["revoke", "corp#gone: left", "operator"],
    ])
      expect(found).toContainEqual(
        expect.objectContaining({
          act,
          by: me,
          from: "127.0.0.1",
          recorded,
          text: expect.stringContaining(text ?? "") as string,
        }),
      );
    // authn says that it was done, and who used whose key, on its own subject.
    expect(found).toContainEqual(
      expect.objectContaining({ act: "revoke", recorded: "authn", text: "corp#gone: left" }),
    );
    expect(new Set(found.filter(({ act }) => act === "key-used").map(({ by }) => by))).toEqual(
      new Set(["operator", "setup"]),
    );
    const { stdout } = await runSally(["sessions", "acts", ...common]);
    expect(stdout).toMatch(/^TIME +ACT +BY +FROM +RECORDED BY +WHAT$/m);
  });

  test("`doctor` says what is wrong, and that the rest is right", async () => {
    const { stdout, code } = await runSally(
      ["doctor", "--config", here.config, "--data", here.data, "--json"],
      { env },
    );
    const checks = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { about: string; state: string; found: string });
    expect(code).toBe(1);
    expect(
      checks.filter(({ state }) => state === "fail").map(({ about, found }) => [about, found]),
    ).toEqual([
      ["issuer corp", expect.stringContaining("http://127.0.0.1:1")],
      ["target orders", expect.stringContaining("ECONNREFUSED")],
    ]);
    const right = checks.filter(({ state }) => state === "ok").map(({ about }) => about);
    for (const about of [
      "bus",
      "streams",
      "durability",
      "permissions",
      "bundle",
      "revocations",
      "service w2",
      "listener postgres",
    ])
      expect(right).toContain(about);
  });

  test("ends everything in order on SIGTERM", async () => {
    const pids = up.services().map(({ pid }) => pid);
    await up.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(join(here.data, "up.pid"))).toBe(false);
  });
});

test.concurrent("what `sally up` started ends when it is killed, and the next one starts from the same data", async () => {
  const here = await place("killed");
  const first = await SallyUp.start({ ...here, env, args: ["--only", "policy,approval"] });
  const pids = first.services().map(({ pid }) => pid);
  await first.kill();
  await using second = await SallyUp.start({ ...here, env, args: ["--only", "policy"] });
  await waitFor(() => pids.every((pid) => !isAlive(pid)), {
    what: "the orphans to end",
  });
  expect(second.services()).toHaveLength(2);
});

test.concurrent("a signal to the npm that runs it ends everything in order", async () => {
  const here = await place("npm");
  const command = [
    "run",
    "--silent",
    "sally",
    "--",
    "up",
    "--config",
    here.config,
    "--data",
    here.data,
  ];
  const npm = spawn("npm", [...command, "--only", "policy", "--json"], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = await once(npm.stdout.setEncoding("utf8"), "data");
  expect(JSON.parse(String(line))).toMatchObject({ ready: true });
  const pids = serviceProcesses(here.data).map(({ pid }) => pid);
  expect(pids).toHaveLength(2);
  npm.kill("SIGTERM");
  expect(await once(npm, "exit")).toEqual([0, null]);
  expect(pids.filter(isAlive)).toEqual([]);
});

test.concurrent("a nats-server of one's own: its workers are those whose keys are there, its durability what can be seen", async () => {
  const here = await place("own-nats");
  const directory = join(root, "own-nats");
  const credentials = join(directory, "credentials");
  const users = await createCredentials(credentials, { workers: ["w7", "w8"] });
  const configFile = join(directory, "nats.conf");
  await writeFile(configFile, natsServerConfig({ users: users.map(busUser), port: 4222 }));
  await using nats = await startNats({ configFile });
  const config = await readFile(here.config, "utf8");
  const ours = `nats: { servers: ["${nats.url}"], credentials: ./credentials }\n`;

  await writeFile(here.config, `${config}${ours}durability: fsync\n`);
  const refused = await runSally(["up", "--config", here.config, "--data", here.data], { env });
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining("what the bus acknowledges is worth `buffered`"),
  ]);

  await writeFile(here.config, `${config}${ours}`);
  await using up = await SallyUp.start({ ...here, env });
  expect(
    up
      .services()
      .map(({ service, name }) => name ?? service)
      .toSorted(),
  ).toEqual(["approval", "authn", "policy", "recorder", "w7"]);
});

describe("nothing starts", () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    port = await freePort();
    server = createServer().listen(port, "127.0.0.1");
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test.concurrent("when somebody else listens on a port of the config", async () => {
    const { config, data } = await place("taken", port);
    const { code, stderr } = await runSally(["up", "--config", config, "--data", data], { env });
    expect(code).toBe(1);
    expect(stderr).toContain(
      `\`listen.postgres\`: somebody listens on \`127.0.0.1:${port}\` already`,
    );
    expect(serviceProcesses(data)).toEqual([]);
  });

  test.concurrent("when target credentials are missing", async () => {
    const { config, data } = await place("secretless");
    const { code, stderr } = await runSally(["up", "--config", config, "--data", data]);
    expect(code).toBe(1);
    expect(stderr).toContain("environment variable `UP_TEST_PASSWORD` is not set");
    expect(existsSync(data)).toBe(false);
  });

  test.concurrent("when the config is wrong, and all of it is told", async () => {
    const { config, data } = await place("wrong");
    await writeFile(config, "durabilty: fsync\nlisten: { policy: 0.0.0.0:1 }\n");
    const { code, stderr } = await runSally(["up", "--config", config, "--data", data]);
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toHaveLength(6);
    expect(stderr).toContain(
      `${config}:1:1: unknown key \`durabilty\`; did you mean \`durability\`?`,
    );
    expect(existsSync(data)).toBe(false);
  });

  test.concurrent("with a service that does not exist", async () => {
    const { config } = await place("unknown");
    const { code, stderr } = await runSally(["up", "--config", config, "--only", "proxi"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("there is no service `proxi`")]);
  });
});
