import { join } from "node:path";
import { actLines, newStartId, WriterEvent, type Act, type SessionId } from "@sallyport/contracts";
import { DirectoryStore } from "@sallyport/evidence";
import { Alarms, createSealingKey, openLog } from "@sallyport/runtime";
import { waitFor } from "@sallyport/testkit";
import { expect, onTestFinished, test } from "vitest";
import { startAuthn } from "../../services/authn/src/app.ts";
import { KeyWitness } from "../../services/authn/src/key-witness.ts";
import { TestBus } from "./bus.fixture.ts";

const log = openLog("test", "silent");

/** Starts authn as `main.ts` does; several of them share one bus. */
async function startWatching(bus: TestBus, sealingKey: string, watched = true) {
  const own = await bus.connect("authn");
  const witness = bus.credentials.get("witness");
  const authn = await startAuthn({
    bus: own,
    issuers: {},
    sealingKey,
    store: new DirectoryStore(join(bus.directory, "archive")),
    http: { address: { host: "127.0.0.1", port: 0 } },
    witness: watched && witness ? { servers: [bus.nats.url], credentials: witness } : null,
    log,
    alarms: new Alarms(log),
  });
  const page = async () => {
    const answer = await fetch(`http://127.0.0.1:${authn.http.port}/readyz`);
    return (await answer.json()) as { operatorKey: string; record: { pending: number } };
  };
  if (watched)
    await waitFor(async () => (await page()).operatorKey === "watched", { what: "the witness" });
  return {
    page,
    stop: async () => {
      await authn.stop();
      await own.stop();
    },
  };
}

/** Each line of the record with the subject that it was stored under, read with the set-up key. */
async function readRecord(bus: TestBus) {
  const setup = await bus.connect("setup");
  const found: { subject: string; line: string; event: WriterEvent }[] = [];
  const info = await setup.nats.request("$JS.API.STREAM.INFO.RECORD_0", "");
  const { state } = info.json<{ state: { last_seq: number } }>();
  for (let seq = 1; seq <= state.last_seq; seq++) {
    const answer = await setup.nats.request(
      "$JS.API.STREAM.MSG.GET.RECORD_0",
      JSON.stringify({ seq }),
    );
    const { message } = answer.json<{ message: { subject: string; data: string } }>();
    for (const line of Buffer.from(message.data, "base64").toString("utf8").trim().split("\n"))
      found.push({ subject: message.subject, line, event: WriterEvent.parse(JSON.parse(line)) });
  }
  await setup.stop();
  return found;
}

const uses = (record: Awaited<ReturnType<typeof readRecord>>) =>
  record.filter(({ event }) => event.type === "own" && event.purpose === "key-used");

test("whoever uses the operator's key is in the record, whatever program they use", async () => {
  await using bus = await TestBus.start();
  const authn = await startWatching(bus, createSealingKey().seed);
  const before = uses(await readRecord(bus)).length;
  // A bare connection: it says nothing of itself, and what it does is not recorded by itself.
  const operator = await bus.connect("operator");
  operator.publish("sp.ctl.w1.end", "{}");
  await operator.flush();
  await operator.stop();
  await waitFor(
    async () =>
      uses(await readRecord(bus)).some(
        ({ event }) => event.type === "own" && event.by === "operator",
      ),
    { what: "the use of the operator's key" },
  );
  const record = await readRecord(bus);
  const [use] = uses(record).filter(({ event }) => event.type === "own" && event.by === "operator");
  expect(use).toMatchObject({
    subject: "sp.rec.0.authn.event",
    event: { text: "the key of `operator` was used by `test operator`" },
  });
  const open = record.find(
    ({ event }) => event.session === use?.event.session && event.type === "open",
  );
  expect(open?.event).toMatchObject({ protocol: "operator", address: "127.0.0.1", number: 1 });
  // The reading above used the set-up key, which is seen, too; workers and services are not.
  expect(uses(record).length).toBeGreaterThan(before + 1);
  expect(new Set(uses(record).map(({ event }) => (event.type === "own" ? event.by : "")))).toEqual(
    new Set(["operator", "setup"]),
  );
  await authn.stop();
});

test("what nobody watched is asked for afterwards, and two who watch record one event", async () => {
  await using bus = await TestBus.start();
  const key = createSealingKey().seed;
  const operator = await bus.connect("operator");
  await operator.flush();
  await operator.stop();
  const [one, two] = await Promise.all([startWatching(bus, key), startWatching(bus, key)]);
  const ofOperator = async () =>
    uses(await readRecord(bus)).filter(
      ({ event }) => event.type === "own" && event.by === "operator",
    );
  await waitFor(async () => (await ofOperator()).length === 2, { what: "both processes' events" });
  const found = await ofOperator();
  expect(new Set(found.map(({ line }) => line)).size).toBe(1);
  await Promise.all([one.stop(), two.stop()]);
});

test("however many connections there were, each is recorded once", async () => {
  await using bus = await TestBus.start();
  for (let count = 0; count < 7; count++) await (await bus.connect("operator")).stop();
  const credentials = bus.credentials.get("witness");
  if (!credentials) throw new Error("no witness");
  const recorded: Act[] = [];
  const witness = new KeyWitness({
    servers: [bus.nats.url],
    credentials,
    acts: { record: (act) => void recorded.push(act) },
    secret: "known to authn",
    log,
    alarms: new Alarms(log),
    page: 3,
  });
  onTestFinished(() => witness.stop());
  const ofOperator = () => recorded.filter(({ by }) => by === "operator");
  await waitFor(() => ofOperator().length >= 7, { what: "all of them" });
  await (await bus.connect("operator")).stop();
  await waitFor(() => ofOperator().length >= 8, { what: "one that came meanwhile" });
  expect(new Set(ofOperator().map(({ session }) => session)).size).toBe(8);
});

test("a stranger cannot know the id of such an event before it is there", async () => {
  await using bus = await TestBus.start();
  const operator = await bus.connect("operator");
  await operator.stop();
  const sessions: SessionId[] = [];
  for (const key of [createSealingKey().seed, createSealingKey().seed]) {
    const authn = await startWatching(bus, key);
    await waitFor(
      async () =>
        uses(await readRecord(bus)).some(
          ({ event }) =>
            event.type === "own" && event.by === "operator" && !sessions.includes(event.session),
        ),
      { what: "the event" },
    );
    const [use] = uses(await readRecord(bus)).filter(
      ({ event }) =>
        event.type === "own" && event.by === "operator" && !sessions.includes(event.session),
    );
    if (use) sessions.push(use.event.session);
    await authn.stop();
  }
  expect(new Set(sessions).size).toBe(2);
});

test("only authn may record what was seen: a worker that would is refused", async () => {
  await using bus = await TestBus.start();
  const worker = await bus.connect("w1");
  const [open = ""] = actLines({
    session: "a".repeat(26) as SessionId,
    start: newStartId(),
    number: 1,
    time: 1,
    address: "10.0.0.9",
    client: {},
    purpose: "key-used",
    text: "forged",
    by: "operator",
  });
  worker.publish("sp.rec.0.authn.event", `${open}\n`);
  await worker.flush();
  await waitFor(() => bus.alarms.names.includes("bus-permission"), { what: "the refusal" });
  expect(await readRecord(bus)).toEqual([]);
});

test("a bus that does not know the witness is served without, and the page says so", async () => {
  await using bus = await TestBus.start();
  const authn = await startWatching(bus, createSealingKey().seed, false);
  expect((await authn.page()).operatorKey).toBe("not watched");
  await authn.stop();
});
