import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { busUser, createCredentials, natsServerConfig } from "@sallyport/bus";
import { runSally, startNats, type NatsServer, type SallyResult } from "@sallyport/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

let directory: string;
let nats: NatsServer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sallyport-setup-"));
  const users = await createCredentials(join(directory, "credentials"), { workers: ["w1"] });
  const configFile = join(directory, "nats.conf");
  await writeFile(configFile, natsServerConfig({ users: users.map(busUser), port: 4222 }));
  nats = await startNats({ configFile });
  await mkdir(join(directory, "policies"));
  await writeFile(
    join(directory, "policies", "a.cedar"),
    "permit (principal, action, resource);\n",
  );
});
afterAll(async () => {
  await nats.stop();
  await rm(directory, { recursive: true, force: true });
});

/** The targets' password lies elsewhere, with the workers. */
async function setup(lines: string): Promise<SallyResult> {
  const config = join(directory, "sallyport.yaml");
  await writeFile(
    config,
    `identity: { issuers: { corp: { issuer: "https://idp.example.com", audience: sallyport } } }
connections:
  orders:
    protocol: postgres
    target: { host: db.internal, database: orders }
    credentials: { username: app, password: { file: ./elsewhere } }
policies: ./policies
${lines}`,
  );
  return runSally(["setup", "--config", config, "--json"]);
}

const bus = (credentials = "credentials"): string =>
  `nats: { servers: ["${nats.url}"], credentials: ./${credentials} }\n`;

test("a bus of one's own is made ready without a service, and once", async () => {
  const first = await setup(bus());
  expect([first.code, JSON.parse(first.stdout)]).toMatchObject([
    0,
    { ready: true, revision: 1, changes: expect.arrayContaining(["+ connection orders"]) },
  ]);
  const again = await setup(bus());
  expect([again.code, JSON.parse(again.stdout)]).toEqual([
    0,
    { ready: true, revision: 1, changes: [] },
  ]);
});

test("streams that are not what they must be are said, and stay", async () => {
  expect((await setup(bus())).code).toBe(0);
  const { code, stderr } = await setup(`${bus()}limits: { record: 2GiB }\n`);
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining("RECORD_0: `max_bytes` is 1073741824"),
  ]);
});

test("a bus that is less durable than the config wants is refused", async () => {
  const { code, stderr } = await setup(`${bus()}durability: fsync\n`);
  expect([code, stderr]).toEqual([1, expect.stringContaining("is worth `buffered`")]);
});

test("it says which key it lacks, and that `sally up` needs no set-up", async () => {
  await mkdir(join(directory, "none"));
  const lacking = await setup(bus("none"));
  expect([lacking.code, lacking.stderr]).toEqual([
    1,
    expect.stringContaining("lacks the key of setup and operator"),
  ]);
  await writeFile(join(directory, "elsewhere"), "x\n");
  const own = await setup("");
  expect([own.code, own.stderr]).toEqual([1, expect.stringContaining("names no `nats`")]);
});
