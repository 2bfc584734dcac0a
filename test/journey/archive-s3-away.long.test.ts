import { readFileSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { sessionLine } from "@sallyport/evidence";
import { FaultyS3, hasS3, startS3, waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import {
  expectNothingLost,
  logIn,
  noCommand,
  noSession,
  recorderSays,
  refusal,
  wholeArchive,
} from "./archive-outage.ts";
import { startCluster, type Cluster } from "./cluster.ts";
import { isLateBeat } from "./late-beat.ts";

const { SALLY_S3_AWAY_MINUTES = "60" } = process.env;
const minutes = Number(SALLY_S3_AWAY_MINUTES);
/** Rows of a statement. */
const rows = 20;
const services = ["proxy", "recorder", "policy", "authn", "approval", "nats-server"] as const;

/** Megabytes of a process. */
function memory(cluster: Cluster, service: string): number {
  const { pid } = cluster.service(service);
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

const memories = (cluster: Cluster): Record<string, number> =>
  Object.fromEntries(services.map((service) => [service, memory(cluster, service)]));

/** What clients did and were told, by the statement's number. */
class Traffic {
  readonly done: number[] = [];
  readonly refused = new Map<string, number>();
  readonly noSession = new Map<string, number>();
  sessions = 0;
  #n = 0;

  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async ask(
    client: Awaited<ReturnType<Cluster["connect"]>>,
    padding: number,
  ): Promise<string | null> {
    const n = ++this.#n;
    const text = `SELECT ${n} AS n, repeat('r', 80) FROM generate_series(1, ${rows}) /* xx${"x".repeat(padding)} */`;
    const why = await refusal(client.query(text));
    if (why === null) this.done.push(n);
    else this.refused.set(why, (this.refused.get(why) ?? 0) + 1);
    return why;
  }

  /** All that a statement or a log-in was refused with. */
  whys(): string[] {
    return [...this.refused.keys(), ...this.noSession.keys()];
  }

  async logIn(): Promise<string | null> {
    const why = await refusal(logIn(this.#cluster));
    if (why === null) this.sessions += 1;
    else this.noSession.set(why, (this.noSession.get(why) ?? 0) + 1);
    return why;
  }
}

test.runIf(hasS3())(
  `S3 out of reach for ${minutes} minutes under traffic: refused at 75 and 90 %, served again, nothing lost`,
  { timeout: minutes * 60_000 + 1_800_000 },
  async () => {
    await using s3 = await startS3();
    Object.assign(process.env, s3.env());
    await using faults = await FaultyS3.start(s3);
    const bucket = await s3.bucket();
    await using cluster = await startCluster({
      change: (config) => {
        config.archive = { every: "1s", s3: { bucket, prefix: "", endpoint: faults.endpoint } };
        config.limits = { ...config.limits, record: `${Math.ceil(8 + minutes * 0.6)}MiB` };
        config.connections["shop"]!.record = "rows";
        config.log = "info";
      },
    });
    const client = await cluster.connect("ci-runner");
    const traffic = new Traffic(cluster);
    await traffic.ask(client, 0);
    await traffic.logIn();
    await waitFor(async () => (await wholeArchive(cluster)).sessions.length >= 2, {
      what: "the archive to take sessions",
      every: 500,
    });

    await faults.down();
    const since = performance.now();
    const before = memories(cluster);
    await recorderSays(cluster, "ECONNREFUSED");
    const until = since + minutes * 60_000;
    // What is asked for in calm is served throughout, for all but the last tenth; only that a machine which is busy
    // elsewhere may hold authn's beat up.
    for (let i = 1; performance.now() < until - minutes * 6000; i++) {
      await traffic.ask(client, 0);
      if (i % 30 === 0) await traffic.logIn();
      expect(traffic.whys().filter((why) => !isLateBeat(why))).toEqual([]);
      await delay(300);
    }
    const calm = traffic.done.length;
    const after = memories(cluster);
    const first: { session?: number; command?: number } = {};
    for (let i = 1; first.command === undefined; i++) {
      if ((await traffic.ask(client, 40_000)) === noCommand) first.command = traffic.done.length;
      if (i % 5 === 0 && (await traffic.logIn()) === noSession)
        first.session ??= traffic.done.length;
    }
    expect(first.session).toBeLessThan(first.command);
    const passed = traffic.done.length;
    while (performance.now() < until) {
      await traffic.ask(client, 0);
      expect(await traffic.logIn()).not.toBeNull();
      await delay(1000);
    }
    const told = { commands: [...traffic.refused], sessions: [...traffic.noSession] };
    const expected = new Set([noCommand, noSession]);
    expect(traffic.whys().filter((why) => !expected.has(why) && !isLateBeat(why))).toEqual([]);
    await recorderSays(cluster, "ECONNREFUSED");

    await faults.up();
    const back = performance.now();
    await waitFor(async () => (await traffic.logIn()) === null, {
      what: "sessions to be opened again",
      timeout: 120_000,
      every: 500,
    });
    // The session that was there all the time is served again too.
    await waitFor(async () => (await traffic.ask(client, 0)) === null, {
      what: "commands to pass again",
      timeout: 120_000,
      every: 500,
    });
    const served = performance.now();
    await client.end();
    await waitFor(
      async () =>
        (await cluster.reader().sessions())
          .map(sessionLine)
          .some(({ commands, closed }) => closed !== null && commands >= traffic.done.length),
      { what: "the last session's end in the archive", timeout: 300_000, every: 500 },
    );
    const archived = performance.now();

    const found = await expectNothingLost(cluster, traffic.done, {
      timeout: 300_000,
      every: 2000,
    });
    const seconds = (milliseconds: number): number => Math.round(milliseconds / 1000);
    writeSync(
      1,
      `${JSON.stringify({
        secondsAway: seconds(back - since),
        statements: { done: traffic.done.length, calm, passed, refused: told.commands },
        sessions: { opened: traffic.sessions, refused: told.sessions },
        first,
        megabytes: { before, after },
        secondsUntil: { served: seconds(served - back), archived: seconds(archived - back) },
        archive: {
          sessions: found.sessions.length,
          commands: found.commands.length,
          events: found.sessions.reduce((sum, { events }) => sum + events.length, 0),
          rowParts: found.commands.reduce((sum, one) => sum + one.rows.length, 0),
          findings: found.findings.length,
        },
        s3Requests: faults.requests.length,
      })}\n`,
    );
  },
);
