import { once } from "node:events";
import { S3Store } from "@sallyport/evidence/s3";
import { FaultyS3, hasS3, startS3, waitFor, type S3Server } from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RecordedBus } from "./recorder.fixture.ts";
import { bothActive, forgetLease, isActive, startProcess } from "./recorder-process.fixture.ts";

let s3: S3Server;
beforeAll(async () => {
  s3 = await startS3();
  Object.assign(process.env, s3.env());
});
afterAll(() => s3.stop());

async function place(endpoint = s3.endpoint) {
  return { bucket: await s3.bucket(), prefix: "sallyport", endpoint };
}

/** Sessions one after the other, each in the archive before the next begins. */
async function recordSessions(recorded: RecordedBus, count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    expect(await recorded.findings(await recorded.session(`select ${i}`))).toEqual([]);
}

describe.runIf(hasS3())("a recorder that archives on S3", () => {
  test.concurrent("two that both think they are active: one loses the race, the chain stays one", async () => {
    await using recorded = await RecordedBus.start(new S3Store(await place()));
    const a = await recorded.record({ every: 200 });
    await waitFor(() => isActive(a), { what: "the first to be active" });
    const b = await recorded.record({ every: 200 });
    await bothActive(recorded, a, b);
    await recordSessions(recorded, 8);
    await waitFor(() => isActive(a) !== isActive(b), { what: "one to stand by" });
    await recordSessions(recorded, 2);
    expect((await recorded.chain()).findings).toEqual([]);
  });

  test.concurrent("one that was frozen in the middle of a segment and wakes up beside its successor", async () => {
    const s3Place = await place();
    await using recorded = await RecordedBus.start(new S3Store(s3Place));
    const frozen = startProcess(recorded, null, s3Place);
    await recordSessions(recorded, 1);
    const halfway = await recorded.session("on its way when the first froze");
    frozen.kill("SIGSTOP");
    const { recorder, alarms } = await recorded.record();
    expect(await recorded.findings(halfway)).toEqual([]);
    await recordSessions(recorded, 1);
    frozen.kill("SIGCONT");
    await recordSessions(recorded, 5);
    expect((await recorded.chain()).findings).toEqual([]);
    expect(recorder.state()[0]?.active).toBe(true);
    expect(alarms.counts).toEqual({});
    frozen.kill("SIGKILL");
    await once(frozen, "exit");
  });

  test.concurrent.each(["between-objects", "before-manifest", "after-manifest"] as const)(
    "one that is killed %s: the next one has it all, once",
    async (killAt) => {
      const s3Place = await place();
      await using recorded = await RecordedBus.start(new S3Store(s3Place));
      const one = await recorded.session("select 1");
      const child = startProcess(recorded, killAt, s3Place);
      expect((await once(child, "exit"))[1]).toBe("SIGKILL");
      const two = await recorded.session("select 2");
      await forgetLease(recorded);
      const { alarms } = await recorded.record();
      for (const session of [one, two]) expect(await recorded.findings(session)).toEqual([]);
      expect((await recorded.chain()).findings).toEqual([]);
      expect(alarms.counts).toEqual({});
    },
  );

  test.concurrent("answers that are lost and answers that are late: every link is written once", async () => {
    await using faults = await FaultyS3.start(s3);
    const s3Place = await place();
    await using recorded = await RecordedBus.start(new S3Store(s3Place));
    const store = new S3Store({ ...s3Place, endpoint: faults.endpoint });
    let creations = 0;
    faults.fault = ({ method }) =>
      method === "PUT" && ++creations % 3 === 0 ? "lose-answer" : { delay: 150 };
    const { alarms } = await recorded.record({ store, every: 200 });
    await recordSessions(recorded, 4);
    expect(creations).toBeGreaterThan(6);
    expect((await recorded.chain()).findings).toEqual([]);
    expect(alarms.counts).toEqual({});
  });

  test.concurrent("S3 throttles, goes and comes back: said meanwhile, nothing purged, nothing lost", async () => {
    await using faults = await FaultyS3.start(s3);
    const s3Place = await place();
    await using recorded = await RecordedBus.start(new S3Store(s3Place));
    const store = new S3Store({ ...s3Place, endpoint: faults.endpoint });
    const { recorder, alarms } = await recorded.record({ store });
    await recordSessions(recorded, 1);
    const health = async (): Promise<string> => {
      const page = await fetch(`http://127.0.0.1:${recorder.http.port}/readyz`);
      return `${page.status} ${await page.text()}`;
    };
    faults.fault = () => "slow-down";
    const throttled = await recorded.session("while it throttles");
    await waitFor(async () => (await health()).includes("SlowDown (503)"), {
      what: "the health page to say so",
    });
    await faults.down();
    const apart = await recorded.session("while it is out of reach");
    await waitFor(async () => /^503.*ECONNREFUSED/.test(await health()), {
      what: "the health page to say so",
    });
    const { messages } = await recorded.streamState();
    expect(messages).toBeGreaterThanOrEqual(6);
    faults.fault = () => "none";
    await faults.up();
    for (const session of [throttled, apart]) expect(await recorded.findings(session)).toEqual([]);
    expect((await recorded.chain()).findings).toEqual([]);
    await waitFor(async () => (await health()).startsWith("200"), {
      what: "the health page to say that it serves",
    });
    expect(Object.keys(alarms.counts)).toEqual(["archive-unwritable"]);
  });

  test("the wrong key, and a bucket that is not there: said on the health page, nothing purged", async () => {
    const s3Place = await place();
    await using recorded = await RecordedBus.start(new S3Store(s3Place));
    process.env["AWS_SECRET_ACCESS_KEY"] = "not-the-secret";
    const stranger = new S3Store(s3Place);
    const refused = await recorded.record({ store: stranger });
    const session = await recorded.session();
    await waitFor(() => refused.recorder.state()[0]?.archive?.includes("(403)"), {
      what: "the refusal to be said",
    });
    await waitFor(() => refused.alarms.counts["archive-unreadable"], { what: "the alarm" });
    await refused.stop();
    Object.assign(process.env, s3.env());
    const nowhere = await recorded.record({
      store: new S3Store({ ...s3Place, bucket: "no-such-bucket" }),
    });
    await waitFor(() => nowhere.recorder.state()[0]?.archive?.includes("NoSuchBucket (404)"), {
      what: "the missing bucket to be said",
    });
    await nowhere.stop();
    expect(await recorded.streamState()).toMatchObject({ first: 1 });
    await recorded.record();
    expect(await recorded.findings(session)).toEqual([]);
  });
});
