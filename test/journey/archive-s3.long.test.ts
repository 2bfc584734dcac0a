import { setTimeout as delay } from "node:timers/promises";
import { FaultyS3, hasS3, startS3, waitFor, type S3Fault } from "@sallyport/testkit";
import { expect, test } from "vitest";
import {
  expectNothingLost,
  logIn,
  noCommand,
  noSession,
  recorderSays,
  refusal,
} from "./archive-outage.ts";
import { startCluster, type Cluster } from "./cluster.ts";

const { SALLY_S3_MINUTES = "20" } = process.env;
/** Milliseconds of each trouble. */
const phase = Number(SALLY_S3_MINUTES) * 15_000;
const pause = 1000;
const recordBytes = 4 * 1024 ** 2;
/** So that three quarters of the record are full in the second trouble, of which S3 takes nothing any more. */
const padding = Math.min(40_000, Math.floor((recordBytes * 0.75 * pause) / (1.5 * phase)));

/** What a client at one statement a second was told, by the statement's number. */
class Trickle {
  readonly done: number[] = [];
  readonly refused: { n: number; why: string }[] = [];
  readonly noSession: string[] = [];
  /** Sessions that were opened after one was refused. */
  reopened = 0;
  /** How many were done when the first session was refused, and the first command. */
  readonly first: { session?: number; command?: number } = {};
  #n = 0;

  /** A statement, and each fifth time a new session. */
  async step(cluster: Cluster, client: Awaited<ReturnType<Cluster["connect"]>>): Promise<void> {
    const n = ++this.#n;
    const why = await refusal(client.query(`SELECT ${n} AS n /* ${"x".repeat(padding)} */`));
    if (why === null) this.done.push(n);
    else {
      this.refused.push({ n, why });
      this.first.command ??= this.done.length;
    }
    if (n % 5 !== 0) return;
    const session = await refusal(logIn(cluster));
    if (session !== null) {
      this.noSession.push(session);
      this.first.session ??= this.done.length;
    } else if (this.noSession.length > 0) this.reopened += 1;
  }
}

test.runIf(hasS3())(
  `S3 slow, throttling, refusing and out of reach for ${SALLY_S3_MINUTES} minutes: refused at 75 and 90 %, served again, nothing lost`,
  async () => {
    await using s3 = await startS3();
    Object.assign(process.env, s3.env());
    await using faults = await FaultyS3.start(s3);
    const bucket = await s3.bucket();
    await using cluster = await startCluster({
      change: (config) => {
        config.archive = { every: "1s", s3: { bucket, prefix: "", endpoint: faults.endpoint } };
        config.limits = { ...config.limits, record: "4MiB" };
      },
    });
    const client = await cluster.connect("ci-runner");
    const trickle = new Trickle();
    const flow = async (): Promise<void> => {
      for (const until = performance.now() + phase; performance.now() < until; await delay(pause))
        await trickle.step(cluster, client);
    };

    faults.fault = () => ({ delay: 3000 });
    const before = faults.requests.length;
    await flow();
    expect(trickle.refused).toEqual([]);
    expect(trickle.noSession).toEqual([]);
    expect(faults.requests.length).toBeGreaterThan(before);
    for (const [fault, said] of [
      ["slow-down", "SlowDown (503)"],
      ["refuse", "AccessDenied (403)"],
    ] satisfies [S3Fault, string][]) {
      faults.fault = () => fault;
      await Promise.all([flow(), recorderSays(cluster, said)]);
    }
    await faults.down();
    await Promise.all([flow(), recorderSays(cluster, "ECONNREFUSED")]);

    // Over 90 % a log-in says what a command is told.
    expect(trickle.noSession[0]).toBe(noSession);
    expect(new Set(trickle.noSession)).toEqual(new Set([noSession, noCommand]));
    expect(new Set(trickle.refused.map(({ why }) => why))).toEqual(new Set([noCommand]));
    // Once full, it stays so for as long as S3 takes nothing.
    expect(trickle.reopened).toBe(0);
    expect(trickle.first.command ?? 0).toBeGreaterThan(trickle.first.session ?? Infinity);

    faults.fault = () => "none";
    await faults.up();
    await waitFor(async () => (await refusal(logIn(cluster))) === null, {
      what: "sessions to be opened again",
      timeout: 120_000,
      every: 500,
    });
    // The session that was there all the time is served again too.
    const last = trickle.done.length;
    await waitFor(
      async () => {
        await trickle.step(cluster, client);
        return trickle.done.length > last;
      },
      { what: "commands to pass again", timeout: 120_000, every: 500 },
    );
    await client.end();

    await expectNothingLost(cluster, trickle.done, { timeout: 120_000, every: 1000 });
  },
);
