import { newSessionId } from "@sallyport/contracts";
import { openLog } from "@sallyport/runtime";
import { waitFor } from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Cancels } from "../../services/proxy/src/postgres/cancels.ts";
import { newCancelKey } from "../../services/proxy/src/postgres/cancel-keys.ts";
import { Connections } from "../../services/proxy/src/postgres/connections.ts";
import { SessionCounts } from "../../services/proxy/src/session-counts.ts";
import { watchForSharedKey } from "../../services/proxy/src/shared-key.ts";
import { HeardAlarms, TestBus } from "./bus.fixture.ts";

const log = openLog("proxy", "silent");
const long = 600_000;
let bus: TestBus;

beforeAll(async () => {
  bus = await TestBus.start({ workers: ["w1", "w2", "w3"] });
});

afterAll(() => bus?.[Symbol.asyncDispose]());

/** A worker's part in cancelling. */
async function worker(user: string, patience: number): Promise<Cancels> {
  const connections = new Connections({
    current: () => ({}),
    directory: bus.directory,
    maxBuffered: 1024,
    newRecord: () => {
      throw new Error("no connection is asked for");
    },
    log,
  });
  const own = await bus.connect(user);
  const cancels = new Cancels(own, connections, log, patience);
  onTestFinished(async () => {
    cancels.stop();
    await own.stop();
  });
  await own.flush();
  return cancels;
}

test.each([0, 2])(
  "I9: a CancelRequest waits until the worker that has the session has told its target (3.%i)",
  async (minor) => {
    const [asked, , owner] = await Promise.all([
      worker("w1", long),
      worker("w2", long),
      worker("w3", long),
    ]);
    const key = newCancelKey(minor);
    const told = Promise.withResolvers<void>();
    const heard: string[] = [];
    owner.add(newSessionId(), {
      pid: 4711,
      key,
      cancel: () => {
        heard.push("cancel");
        return told.promise;
      },
    });
    const request = asked.request(4711, key).then(() => heard.push("settled"));
    await waitFor(() => heard.length > 0, { what: "the owner to hear of it" });
    expect(heard).toEqual(["cancel"]);
    told.resolve();
    await request;
    expect(heard).toEqual(["cancel", "settled"]);
  },
);

test("of several CancelRequests for one session each is answered", async () => {
  const [asked, owner] = await Promise.all([worker("w1", long), worker("w2", long)]);
  const key = newCancelKey(0);
  let cancelled = 0;
  owner.add(newSessionId(), {
    pid: 1,
    key,
    cancel: async () => {
      cancelled += 1;
    },
  });
  await Promise.all([1, 2, 3].map(() => asked.request(1, key)));
  expect(cancelled).toBe(3);
});

describe("two processes with one key, as a copied container has it", () => {
  test("I9: a CancelRequest at one finds the session at the other", async () => {
    const [asked, owner] = await Promise.all([worker("w1", long), worker("w1", long)]);
    const key = newCancelKey(0);
    let cancelled = 0;
    owner.add(newSessionId(), {
      pid: 7,
      key,
      cancel: async () => {
        cancelled += 1;
      },
    });
    await asked.request(7, key);
    expect(cancelled).toBe(1);
  });

  test("both count for a limit, a third worker's sessions too, and either hears that it is not alone", async () => {
    const alarms = [new HeardAlarms(), new HeardAlarms(), new HeardAlarms()];
    const [one, other, third] = await Promise.all(
      ["w1", "w1", "w2"].map(async (user, at) => {
        const own = await bus.connect(user, alarms[at]);
        const counts = new SessionCounts(own, { perPrincipal: 3 });
        watchForSharedKey(own);
        onTestFinished(async () => {
          counts.stop();
          await own.stop();
        });
        await own.flush();
        return counts;
      }),
    );
    if (!one || !other || !third) throw new Error("no workers");
    for (const counts of [one, other, third]) counts.enter("corp#ada", "shop");
    for (const counts of [one, other, third])
      await waitFor(
        () => {
          try {
            counts.enter("corp#ada", "other")();
            return false;
          } catch (cause) {
            return String(cause).includes("corp#ada");
          }
        },
        { what: "the limit of all together" },
      );
    await waitFor(() => alarms[0]?.names.length === 1 && alarms[1]?.names.length === 1, {
      what: "both to raise an alarm",
    });
    expect(alarms.map(({ names }) => names)).toEqual([["key-shared"], ["key-shared"], []]);
  });
});

test("a CancelRequest that fits no session waits no longer than it may, and cancels nothing", async () => {
  const [asked, other] = await Promise.all([worker("w1", 1), worker("w2", long)]);
  const key = newCancelKey(0);
  other.add(newSessionId(), {
    pid: 1,
    key,
    cancel: () => Promise.reject(new Error("not this one")),
  });
  await expect(asked.request(2, key)).resolves.toBeUndefined();
  await expect(asked.request(1, newCancelKey(0))).resolves.toBeUndefined();
});

test("a worker that stops leaves no CancelRequest waiting", async () => {
  const asked = await worker("w1", long);
  const request = asked.request(1, newCancelKey(0));
  asked.stop();
  await expect(request).resolves.toBeUndefined();
});
