import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectBus, readCredentials } from "@sallyport/bus";
import { Alarms, openLog, readCluster } from "@sallyport/runtime";
import { queues, subjects } from "@sallyport/contracts";
import { waitFor } from "@sallyport/testkit";
import { startCluster, type Cluster } from "./cluster.ts";
import { filesBelow } from "./files-below.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({
    change: (config) => {
      config.log = "debug";
      config.archive = { directory: "./archive", every: "1s" };
    },
  });
});
afterAll(() => cluster?.stop());

/** Every file below a folder, opened up where it is compressed, however often. */
function* filesIn(directory: string): Generator<{ path: string; content: Buffer }> {
  for (const { path, content } of filesBelow(directory)) {
    yield { path, content };
    for (const frame of framesOf(content)) yield { path, content: frame };
  }
}

/** The zstd frames of a file; an object of the archive has several. */
function* framesOf(content: Buffer): Generator<Buffer> {
  const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
  for (let at = content.indexOf(magic); at >= 0; at = content.indexOf(magic, at + 4)) {
    let inner: Buffer;
    try {
      inner = zstdDecompressSync(content.subarray(at));
    } catch {
      continue; // Not the beginning of a frame, by chance.
    }
    yield inner;
    yield* framesOf(inner);
  }
  if (content[0] === 0x1f && content[1] === 0x8b) yield gunzipSync(content);
}

test("I5: neither a client's token nor the target's password is in a log, on the bus, in the evidence or in another process", async () => {
  const running = readCluster(cluster.data);
  const log = openLog("test", "error");
  // What crosses the bus with a token in it goes to authn: a second member of its queue group hears some of it.
  const bus = await connectBus({
    servers: running?.servers ?? [],
    credentials: await readCredentials(join(cluster.data, "credentials"), "authn"),
    name: "listener",
    log,
    alarms: new Alarms(log),
  });
  const heard: Buffer[] = [];
  bus.subscribe(subjects.verify, ({ data: bytes }) => heard.push(Buffer.from(bytes)), queues.authn);
  await bus.flush();

  const token = await cluster.token("ci-runner");
  const stale = await cluster.token("agent");
  const person = await cluster.token("alice");
  await waitFor(
    async () => {
      await cluster.psql("ci-runner", "SELECT id, email FROM customers", { token });
      return heard.length > 0;
    },
    { what: "a sealed token to be heard", timeout: 180_000 },
  );
  await bus.stop();
  await cluster.psql("ci-runner", "SELECT id, email FROM customers", { token });
  await cluster.psql("ci-runner", "SELEC 1", { token: `${stale}x` });
  await cluster.psql("ci-runner", "SELECT 1", { token: "no-jwt-but-secret-4711" });
  await cluster.sally(["approvals", "list", "--token", person]);
  await cluster.archived(({ principal }) => principal === "corp#ci-runner");

  const [, claims = "", signature = ""] = token.split(".");
  const secrets = {
    "the target's password": cluster.targetPassword,
    "the token's claims": claims,
    "the token's signature": signature,
    "a refused token": stale.split(".")[2] ?? "",
    "a person's token": person.split(".")[2] ?? "",
    "a password that is no token": "no-jwt-but-secret-4711",
  };
  const places = [
    { path: "the logs", content: Buffer.from(await cluster.log()) },
    { path: "the bus", content: Buffer.concat(heard) },
    { path: "the target's log", content: Buffer.from(await cluster.target.log()) },
    ...filesIn(join(cluster.directory, "archive")),
    ...filesIn(cluster.data),
  ];
  const found = places.flatMap(({ path, content }) =>
    Object.entries(secrets)
      .filter(([, secret]) => content.includes(secret))
      .map(([name]) => `${name} in ${path}`),
  );
  // The bare target's log has the statement that gave the account its password: not ours.
  expect(found.filter((one) => one !== "the target's password in the target's log")).toEqual([]);
  expect(places.length).toBeGreaterThan(10);
});

test("I5: only the proxies have the target's password in their environment", () => {
  const withPassword = (
    ["proxy", "policy", "approval", "recorder", "authn", "nats-server"] as const
  )
    .map((service) => ({ service, pid: cluster.service(service).pid }))
    .filter(({ pid }) => readFileSync(`/proc/${pid}/environ`).includes(cluster.targetPassword));
  expect(withPassword.map(({ service }) => service)).toEqual(["proxy"]);
});
