import { createHash, randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { aHold, aPerson, aWorkload, type HoldOptions } from "@sallyport/approval/hold-fixture";
import type { RunningApproval } from "@sallyport/approval";
import { openReceivers, type Receiver } from "@sallyport/approval/receivers";
import { Bucket } from "@sallyport/bus";
import {
  buckets,
  Config,
  keys,
  newHoldId,
  Notice,
  TelemetryConfig,
  type ConfigText,
  type Hold,
} from "@sallyport/contracts";
import { openLog, openTelemetry } from "@sallyport/runtime";
import { makeCertificate, waitFor } from "@sallyport/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { serviceProblem } from "../../cli/src/doctor/service-checks.ts";
import { Office, type ProcessOptions } from "./approval.fixture.ts";
import { verified, WebhookReceiver, type Reaction, type Received } from "./webhook-receiver.ts";

const alice = aPerson("alice", { groups: ["corp/dba"] });
const newSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;
const secret = newSecret();
const secretPath = "/hooks/T0P-S3CRET";

let office: Office;
beforeAll(async () => {
  process.env["SALLY_TEST_HOOK"] = secret;
  office = await Office.open();
});
afterAll(async () => {
  delete process.env["SALLY_TEST_HOOK"];
  await office[Symbol.asyncDispose]();
});

type Notify = NonNullable<NonNullable<ConfigText["approvals"]>["notify"]>;

/** As the service reads them from the config. */
function receiversOf(notify: Notify): Receiver[] {
  const config = Config.parse({
    identity: { issuers: { corp: { issuer: "https://idp.example.com", audience: "sallyport" } } },
    connections: {},
    policies: "./policies",
    approvals: { notify },
  });
  return openReceivers(config.approvals.notify, office.bus.directory);
}

let names = 0;
/** A webhook to this receiver; by a name of its own, so that the tests do not see each other's. */
function told(by: WebhookReceiver, changes: Partial<Notify[number]> = {}): Receiver[] {
  names += 1;
  return receiversOf([
    {
      kind: "webhook",
      name: `hook-${names}`,
      url: `http://127.0.0.1:${by.port}${secretPath}`,
      secret: { env: "SALLY_TEST_HOOK" },
      ...changes,
    },
  ]);
}

const processes: RunningApproval[] = [];

/** A process of approval beside the one that answers REST; it ends with the test. */
async function run(options: ProcessOptions) {
  const process = await office.process(options);
  processes.push(process);
  return {
    stop: () => process.stop(),
    status: async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${process.http.port}/readyz`)).text(),
    metrics: async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${process.http.port}/metrics`)).text(),
  };
}

/** A webhook that is new hears of every open hold, so a test leaves none. */
const pinned = new Map<string, Hold>();
afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.stop()));
  for (const hold of pinned.values()) await office.settle(hold, "used");
  pinned.clear();
  await waitFor(async () => (await office.list(alice)).length === 0, {
    what: "no open hold",
    every,
  });
});

async function pin(hold: Hold): Promise<Hold> {
  pinned.set(hold.key, hold);
  return office.pin(hold, alice);
}

let count = 0;
async function held(options: HoldOptions = {}): Promise<Hold> {
  count += 1;
  const hold = aHold({
    principal: aWorkload("ci"),
    opened: Date.now(),
    id: newHoldId(),
    ...options,
    command: { text: `DELETE FROM customers WHERE id = ${count}`, ...options.command },
  });
  return pin(hold);
}

/** Alice approves, and policy does what it does about it. */
async function approved(hold: Hold, policy: () => Promise<unknown>): Promise<void> {
  const answering = office.answer(alice, hold);
  await waitFor(() => office.judged.some((one) => one.hold === hold.hold), { what: "the judge" });
  await policy();
  expect((await answering).status).toBe(200);
}

const hears = (by: WebhookReceiver, { hold }: Hold, messages = 1): Promise<Received[]> =>
  waitFor(() => (by.of(hold).length >= messages ? by.of(hold) : null), {
    what: `${messages} messages about ${hold}`,
  });

const only = (received: readonly Received[]): Received => {
  const [first, ...others] = received;
  if (!first || others.length > 0) throw new Error(`${received.length} messages, not one`);
  return first;
};

/** REST takes so many questions a minute and no more. */
const every = 100;
const noticesOf = async (hold: Hold) => office.view(await office.show(alice, hold)).notices ?? [];

describe("a webhook", () => {
  test("is told that a hold opened, is answered, and that one expired; an independent implementation verifies it", async () => {
    await using by = await WebhookReceiver.start();
    await run({ receivers: told(by) });
    const hold = await held();
    const opened = only(await hears(by, hold));
    expect(opened).toMatchObject({
      path: secretPath,
      id: `opened_${hold.hold}`,
      headers: { "content-type": "application/json", "user-agent": "sallyport" },
    });
    const { notices: _notices, ...seen } = office.view(await office.show(alice, hold));
    expect(verified(opened, secret)).toEqual({
      type: "hold.opened",
      timestamp: new Date(hold.opened).toISOString(),
      data: seen,
    });
    expect(() => verified(opened, newSecret())).toThrow("No matching signature");
    expect(() => verified({ ...opened, body: `${opened.body} ` }, secret)).toThrow(
      "No matching signature",
    );

    await approved(hold, () => office.settle(hold, "used"));
    const [, answered] = await hears(by, hold, 2);
    expect(answered && verified(answered, secret)).toMatchObject({
      type: "hold.answered",
      data: { hold: hold.hold, state: "used", answers: [{ principal: alice.id }] },
    });

    const short = await held({ ttl: 1500 });
    const [, expired] = await hears(by, short, 2);
    expect(expired && verified(expired, secret)).toMatchObject({
      type: "hold.expired",
      timestamp: new Date(short.expires).toISOString(),
      data: { state: "expired" },
    });
    const all = [...by.of(hold.hold), ...by.of(short.hold)].map(({ id }) => id);
    expect(new Set(all).size).toBe(all.length);
  });

  test("is told when an approval falls with whoever gave it", async () => {
    await using by = await WebhookReceiver.start();
    await run({ receivers: told(by) });
    const [hold, leaver] = [await held(), aPerson("leaver", { groups: ["corp/dba"] })];
    await hears(by, hold);
    expect((await office.answer(leaver, hold)).status).toBe(200);
    const granted: Hold = { ...hold, state: "approved", approvers: [leaver.id] };
    await pin(granted);
    await hears(by, hold, 2);
    office.judged.length = 0;
    await office.revoke(leaver.id);
    await waitFor(() => office.judged.some((one) => one.hold === hold.hold), { what: "the judge" });
    await office.settle(granted, "withdrawn");
    const [, , fell] = await hears(by, hold, 3);
    expect(fell && verified(fell, secret)).toMatchObject({
      type: "hold.expired",
      data: {
        state: "withdrawn",
        policies: [{ approvers: [] }],
        answers: [{ principal: leaver.id, revoked: true }],
      },
    });
  });

  test("that is new is told of the holds that are open, and of no other", async () => {
    const [open, over] = [await held(), await held()];
    await office.settle(over, "denied");
    await using by = await WebhookReceiver.start();
    await run({ receivers: told(by) });
    await hears(by, open);
    await hears(by, await held());
    expect(by.of(over.hold)).toEqual([]);
  });

  test("is told of an answer to a hold whose place the next one took", async () => {
    await using by = await WebhookReceiver.start();
    await run({ receivers: told(by) });
    const first = await held();
    await hears(by, first);
    const next = { ...first, hold: newHoldId() };
    await approved(first, () => pin(next));
    const [, answered] = await hears(by, first, 2);
    expect(answered && verified(answered, secret).data).toMatchObject({
      hold: first.hold,
      state: "used",
    });
    await hears(by, next);
  });

  test("has its secret changed without losing a message: each is signed with all that are given", async () => {
    const [old, new_] = [newSecret(), newSecret()];
    const file = join(office.bus.directory, "hook-secret");
    await writeFile(file, `${old}\n`);
    await using by = await WebhookReceiver.start();
    const refs = [{ file: "hook-secret" }, { env: "SALLY_TEST_HOOK" }];
    await run({ receivers: told(by, { secret: refs }) });
    const before = only(await hears(by, await held()));
    for (const one of [old, secret]) expect(verified(before, one).type).toBe("hold.opened");
    expect(() => verified(before, new_)).toThrow("No matching signature");

    await writeFile(file, new_);
    const after = only(await hears(by, await held()));
    for (const one of [new_, secret]) expect(verified(after, one).type).toBe("hold.opened");
    expect(() => verified(after, old)).toThrow("No matching signature");

    await rm(file);
    const late = await held();
    await waitFor(async () => (await noticesOf(late))[0]?.problem, { what: "the failure", every });
    await writeFile(file, new_);
    expect(verified(only(await hears(by, late)), new_).type).toBe("hold.opened");
  });
});

describe("what goes wrong is tried again, the same message, and seen", () => {
  test("a receiver that is down and comes back", async () => {
    await using by = await WebhookReceiver.start();
    const telemetry = await openTelemetry({
      config: TelemetryConfig.parse({ prometheus: "on" }),
      directory: "/",
      service: "approval",
      log: openLog("test", "silent"),
    });
    onTestFinished(() => telemetry?.stop());
    const process = await run({ receivers: told(by), telemetry });
    /** A sample of this webhook on the page of metrics. */
    const sample = async (name: string, labels = ""): Promise<number> => {
      const start = `sallyport_webhooks_${name}{sallyport_webhook="hook-${names}"${labels}`;
      const line = (await process.metrics()).split("\n").find((one) => one.startsWith(start));
      return Number(line?.split(" ").at(-1));
    };
    await by.close();
    const hold = await held();
    await waitFor(async () => ((await noticesOf(hold))[0]?.attempts ?? 0) >= 2, {
      what: "two failures",
      every,
    });
    expect(await noticesOf(hold)).toMatchObject([
      {
        webhook: `hook-${names}`,
        type: "hold.opened",
        state: expect.stringMatching(/failed|sending/),
        problem: "cannot be reached: ECONNREFUSED",
      },
    ]);
    const failing = await process.status();
    expect(JSON.parse(failing)).toMatchObject({
      ready: true,
      webhooks: {
        [`hook-${names}`]: {
          undelivered: 1,
          lastFailure: { problem: "cannot be reached: ECONNREFUSED" },
        },
      },
    });
    expect(failing).not.toContain(secretPath);
    expect(serviceProblem(JSON.parse(failing) as object)?.found).toBe(
      `serves, but webhook hook-${names} was not told 1 event (cannot be reached: ECONNREFUSED)`,
    );
    expect(await sample("attempts_total", ',sallyport_outcome="failed"')).toBeGreaterThan(0);
    expect(await sample("undelivered")).toBe(1);
    expect(await sample("oldest_seconds")).toBeGreaterThan(0);
    expect(await sample("abandoned_total")).toBe(0);
    await by.open();
    expect(only(await hears(by, hold)).id).toBe(`opened_${hold.hold}`);
    await waitFor(async () => (await process.status()).includes(`"undelivered":0`), {
      what: "the page to say so",
    });
    await waitFor(async () => (await noticesOf(hold))[0]?.state === "delivered", {
      what: "it to be delivered",
      every,
    });
    expect(await sample("attempts_total", ',sallyport_outcome="delivered"')).toBe(1);
    expect([await sample("undelivered"), await sample("oldest_seconds")]).toEqual([0, 0]);
    expect(await process.metrics()).not.toContain(secretPath);
    expect(serviceProblem(JSON.parse(await process.status()) as object)).toBeNull();
  });

  test("one that fails, redirects, and is slow: with more and more time in between", async () => {
    await using by = await WebhookReceiver.start();
    const elsewhere = `http://127.0.0.1:${by.port}/elsewhere`;
    const problems = new Set<string>();
    const seen = (problem: string): Promise<unknown> =>
      waitFor(() => problems.has(problem), { what: problem });
    const [first, second, third] = [
      "answers 500",
      "answers 307; redirects are not followed",
      "no answer within 3000 ms",
    ] as const;
    // A problem is shown until the next attempt has ended, so that one ends when it was seen.
    by.reactions.push(
      500,
      (response) =>
        void seen(first).then(() => response.writeHead(307, { location: elsewhere }).end()),
      () => undefined,
      (response) => void seen(third).then(() => response.writeHead(204).end()),
    );
    await run({ receivers: told(by, { timeout: "3s" }) });
    const hold = await held();
    await waitFor(
      async () => {
        for (const { problem } of await noticesOf(hold)) if (problem) problems.add(problem);
        return problems.size === 3;
      },
      { what: "three problems", every },
    );
    expect([...problems]).toEqual([first, second, third]);
    const heard = await hears(by, hold, 4);
    expect(new Set(heard.map(({ id, path }) => `${id} ${path}`)).size).toBe(1);
    for (const one of heard) expect(verified(one, secret).data.hold).toBe(hold.hold);
    const gaps = heard.slice(1).map(({ at }, n) => at - (heard[n]?.at ?? 0));
    expect(gaps[0]).toBeGreaterThanOrEqual(500);
    expect(gaps[2]).toBeGreaterThanOrEqual(2000);
  });

  test("ones that switch to another protocol do not keep the others from being told", async () => {
    await using by = await WebhookReceiver.start();
    const upgrade = (response: ServerResponse): void =>
      void response.writeHead(101, { connection: "upgrade", upgrade: "other" }).end();
    by.reactions.push(...Array<Reaction>(4).fill(upgrade));
    await run({ receivers: told(by) });
    const holds = await Promise.all([1, 2, 3, 4].map(() => held()));
    for (const hold of holds) {
      const [refused, delivered] = await hears(by, hold, 2);
      expect(delivered?.id).toBe(refused?.id);
    }
  });

  test("one that answers without end is not read, one that asks for time gets it, one that is gone is left alone", async () => {
    await using by = await WebhookReceiver.start();
    const closed = Promise.withResolvers<void>();
    by.reactions.push((response) => {
      response.on("close", () => closed.resolve());
      response.writeHead(200);
      const pour = (): void => {
        if (response.write("x".repeat(65_536))) setImmediate(pour);
      };
      response.on("drain", pour);
      pour();
    });
    const process = await run({ receivers: told(by) });
    const endless = await held();
    await closed.promise;
    await waitFor(async () => (await noticesOf(endless))[0]?.state === "delivered", {
      what: "it to be delivered",
      every,
    });

    by.reactions.push((response) => response.writeHead(429, { "retry-after": "3" }).end());
    const busy = await held();
    const [first, second] = await hears(by, busy, 2);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(3000);

    by.reactions.push(410);
    const gone = await held();
    await waitFor(async () => (await noticesOf(gone))[0]?.state === "abandoned", {
      what: "it to be given up",
      every,
    });
    only(by.of(gone.hold));
    expect(await process.status()).toContain(`"abandoned":1`);
  });

  test("a certificate counts: the authority that the config names, and no other", async () => {
    const certificate = await makeCertificate();
    await using by = await WebhookReceiver.start(certificate);
    const url = `https://127.0.0.1:${by.port}/`;
    const distrusting = await run({ receivers: told(by, { url }) });
    const refused = await held();
    await waitFor(async () => (await noticesOf(refused))[0]?.problem, { what: "a refusal", every });
    expect((await noticesOf(refused))[0]?.problem).toContain("SELF_SIGNED");
    expect(by.heard).toEqual([]);
    await distrusting.stop();
    await writeFile(join(office.bus.directory, "hook-ca.pem"), certificate.certificate);
    await run({ receivers: told(by, { url, ca: "hook-ca.pem" }) });
    const hold = await held();
    expect(verified(only(await hears(by, hold)), secret).type).toBe("hold.opened");
  });
});

describe("processes of approval share the work", () => {
  test("two send each event once", async () => {
    await using by = await WebhookReceiver.start();
    const receivers = told(by);
    await run({ receivers });
    await run({ receivers });
    const holds: Hold[] = [];
    for (let n = 0; n < 8; n++) holds.push(await held());
    for (const hold of holds) await hears(by, hold);
    await Promise.all(holds.map((hold) => office.answer(alice, hold)));
    for (const hold of holds) await hears(by, hold, 2);
    await waitFor(
      async () => {
        const notices = (await Promise.all(holds.map(noticesOf))).flat();
        const own = notices.filter(({ webhook }) => webhook === `hook-${names}`);
        return own.length === 16 && own.every(({ state }) => state === "delivered");
      },
      { what: "all to be delivered", every: 500 },
    );
    expect(by.heard).toHaveLength(16);
  });

  test("what one left undone the next does, under the same id; what was told is not told again", async () => {
    await using by = await WebhookReceiver.start();
    const receivers = told(by);
    const first = await run({ receivers });
    const done = await held();
    await hears(by, done);
    by.reactions.push(500);
    const undone = await held();
    await hears(by, undone);
    await by.close();
    await first.stop();

    const unheard = await held();
    await by.open();
    await run({ receivers });
    await hears(by, unheard);
    const [failed, delivered] = await hears(by, undone, 2);
    expect(delivered?.id).toBe(failed?.id);
    only(by.of(done.hold));
  });

  test("an attempt under way is cut off when its process ends, and the next one makes it", async () => {
    await using by = await WebhookReceiver.start();
    by.reactions.push(() => undefined);
    const receivers = told(by, { timeout: "30s" });
    const first = await run({ receivers });
    const hold = await held();
    await hears(by, hold);
    await first.stop();
    expect(await noticesOf(hold)).toMatchObject([{ state: "failed", attempts: 1 }]);
    await run({ receivers });
    await hears(by, hold, 2);
  });

  test("the claim of a process that is gone runs out", async () => {
    await using by = await WebhookReceiver.start();
    const receivers = told(by);
    const hold = await held();
    const event = `opened_${hold.hold}`;
    const [{ name: webhook } = { name: "" }] = receivers;
    const delivery = createHash("sha256").update(`${webhook}\n${event}`).digest("hex");
    const due = Date.now() + 2000;
    const claims = new Bucket(await office.bus.connect("approval"), buckets.approvals, Notice);
    await claims.create(keys.notice(delivery), {
      v: 1,
      type: "notice",
      delivery,
      hold: hold.hold,
      webhook,
      event,
      what: "hold.opened",
      time: hold.opened,
      state: "sending",
      attempts: 1,
      due,
    });
    await run({ receivers });
    const { at } = only(await hears(by, hold));
    expect(at).toBeGreaterThanOrEqual(due);
  });
});

test("neither secret nor URL is on the bus", async () => {
  const manager = await jetstreamManager((await office.bus.connect("setup")).nats);
  const stream = `KV_${buckets.approvals}`;
  const { state } = await manager.streams.info(stream, {
    subjects_filter: "$KV.approvals.notice.*",
  });
  const subjects = Object.keys(state.subjects ?? {});
  expect(subjects.length).toBeGreaterThan(20);
  for (const subject of subjects) {
    const stored = await manager.streams.getMessage(stream, { last_by_subj: subject });
    const text = stored?.string() ?? "";
    expect(text).toContain('"type":"notice"');
    expect(text).not.toMatch(/whsec|T0P-S3CRET|127\.0\.0\.1/);
  }
});
