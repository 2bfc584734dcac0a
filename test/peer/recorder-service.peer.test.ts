import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { EndSession, encodeOutput, subjects } from "@sallyport/contracts";
import { SampleSession } from "@sallyport/evidence/sample";
import { dataRow, rowDescription } from "@sallyport/pgwire";
import { makeKeys } from "@sallyport/runtime";
import { waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { RecordedBus } from "./recorder.fixture.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Deployed {
  readonly config: string;
  readonly data: string;
}

/** A config for the test's bus, with keys, its archive where the fixture reads. */
async function deploy(recorded: RecordedBus): Promise<Deployed> {
  const { directory, nats } = recorded.bus;
  for (const folder of ["keys", "policies"]) await mkdir(join(directory, folder), { mode: 0o700 });
  makeKeys(join(directory, "keys"));
  const config = join(directory, "sallyport.yaml");
  await writeFile(
    config,
    JSON.stringify({
      listen: { recorder: "127.0.0.1:0" },
      nats: { servers: [nats.url], credentials: "./credentials" },
      keys: { directory: "./keys" },
      identity: { issuers: { corp: { issuer: "https://idp.example.com", audience: "sallyport" } } },
      connections: {},
      policies: "./policies",
      archive: { directory: recorded.directory, every: "1s" },
    }),
  );
  return { config, data: join(directory, "data") };
}

interface Ready {
  readonly service: string;
  readonly listen: { readonly http: string };
}

async function startService({ config, data }: Deployed): Promise<[ChildProcess, Ready]> {
  const child = spawn(
    process.execPath,
    ["services/recorder/src/main.ts", "--config", config, "--data", data],
    { cwd: root, stdio: ["ignore", "ignore", "ignore", "ipc"] },
  );
  const [ready] = (await once(child, "message")) as [Ready];
  return [child, ready];
}

async function sally(
  { config, data }: Deployed,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(
    process.execPath,
    ["cli/src/main.ts", ...args, "--config", config, "--data", data],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
  );
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit") as Promise<[number]>,
  ]);
  return { code, out, err };
}

/** A session that is still open, with one masked row that tries to write to the reader's terminal. */
async function recordOpenSession(recorded: RecordedBus): Promise<SampleSession> {
  const sample = new SampleSession({ time: Date.now() });
  const open = sample.open();
  const command = sample.command("select email\nfrom customers", { revision: 0 });
  const verdict = sample.verdict(command, {
    revision: 0,
    masks: [
      { column: "orders/public.customers.email", masker: "email", policies: ["pii-is-masked"] },
    ],
  });
  const rows = [
    rowDescription([
      {
        name: "email",
        table: 0,
        attribute: 0,
        type: 25,
        typeSize: -1,
        typeModifier: -1,
        format: 0,
      },
    ]),
    dataRow([Buffer.from("a***@example.com\u001b]0;pwned\u0007")]),
  ];
  await recorded.put(subjects.record(0, "w1", "command"), `${open}\n${command.line}\n`);
  await recorded.put(subjects.record(0, "w1", "verdict"), `${verdict}\n`);
  await recorded.put(subjects.output(0, "w1"), encodeOutput(sample.chunks(command, rows)));
  await recorded.event("w1", sample.result(command, verdict, rows));
  return sample;
}

test("the service records from its config, and the CLI lists, shows, replays and ends sessions", async () => {
  await using recorded = await RecordedBus.start();
  const deployed = await deploy(recorded);
  const [child, ready] = await startService(deployed);
  try {
    expect(ready).toMatchObject({ service: "recorder" });
    const sample = await recordOpenSession(recorded);
    await waitFor(async () => (await recorded.read(sample.session))?.commands[0]?.result, {
      what: "the session to be in the archive",
    });
    const health = await fetch(`http://${ready.listen.http}/readyz`);
    expect(await health.json()).toMatchObject({
      service: "recorder",
      ready: true,
      alarms: {},
      partitions: { "0": { active: true, archive: null } },
    });

    const list = await sally(deployed, "sessions", "list", "--json");
    expect(JSON.parse(list.out)).toMatchObject({
      session: sample.session,
      principal: "corp#ci-runner",
      connection: "orders",
      protocol: "postgres",
      closed: null,
      commands: 1,
      denied: 0,
      held: 0,
    });
    expect((await sally(deployed, "sessions", "list", "--principal", "corp#nobody")).out).toBe(
      "no such session is in the archive\n",
    );

    const show = await sally(deployed, "sessions", "show", sample.session.slice(0, 8));
    expect(show.out).toContain("select email from customers");
    expect(show.out).toContain("not-closed");

    const replay = await sally(deployed, "replay", sample.session.slice(0, 8), "--speed", "0");
    expect(replay.code).toBe(0);
    expect(replay.out).toContain("a***@example.com\\u{1b}]0;pwned\\u{7}");
    expect(replay.out).toContain("orders/public.customers.email by email (pii-is-masked)");
    expect(replay.out.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    const archived = await sally(deployed, "replay", sample.session, "--json");
    expect(
      archived.out
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { type: string }).type),
    ).toEqual(["open", "command", "verdict", "result"]);

    const worker = await recorded.bus.connect("w1");
    const orders: EndSession[] = [];
    worker.subscribe(subjects.controlOf("w1"), (message) =>
      orders.push(EndSession.parse(message.json())),
    );
    await worker.flush();
    const kill = await sally(deployed, "sessions", "kill", sample.session, "--reason", "enough");
    expect([kill.code, kill.err]).toEqual([0, ""]);
    await waitFor(() => orders.length > 0, { what: "the order" });
    expect(orders).toMatchObject([{ session: sample.session, reason: "enough" }]);

    const missing = await sally(deployed, "replay", "zzzz");
    expect([missing.code, missing.out]).toEqual([1, ""]);
    expect(missing.err).toContain("no session `zzzz` is in the archive");

    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    // The act of the operator is evidence too, archived before the recorder ended.
    const all = await sally(deployed, "sessions", "list", "--all", "--json");
    expect(
      all.out
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { protocol: string }).protocol),
    ).toEqual(expect.arrayContaining(["operator", "postgres"]));
  } finally {
    child.kill("SIGKILL");
  }
});
