import { setTimeout as delay } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import { RecordPublisher, splitLines, TwoGates, type GateOutcome } from "@sallyport/bus";
import { eventHash, newCommandId, streams, subjects, type CommandId } from "@sallyport/contracts";
import { passingVerdict, waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { smallLayout, TestBus, workerLane } from "../peer/bus.fixture.ts";

const lineOf = (command: CommandId): string => JSON.stringify({ command, text: "x".repeat(200) });

/** Every line in the record, with the kinds of message it is in. */
async function recorded(bus: TestBus): Promise<Map<string, Set<string>>> {
  const setup = await bus.connect("setup");
  const manager = await jetstreamManager(setup.nats, { checkAPI: false });
  const { state } = await manager.streams.info(streams.record(0));
  const lines = new Map<string, Set<string>>();
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await manager.streams.getMessage(streams.record(0), { seq });
    for (const line of splitLines(message?.data ?? new Uint8Array()) ?? []) {
      const text = Buffer.from(line).toString("utf8");
      lines.set(text, (lines.get(text) ?? new Set()).add(message?.subject.split(".").at(-1) ?? ""));
    }
  }
  await setup.stop();
  return lines;
}

test("I1: nats-server killed under load: what passed was stored as a command, and no event is lost", async () => {
  await using bus = await TestBus.start({ layout: { ...smallLayout, recordBytes: 200_000_000 } });
  const [worker, policy] = [await bus.connect("w1"), await bus.connect("policy")];
  const verdicts = new RecordPublisher(policy);
  const verdictLane = verdicts.lane({
    stream: streams.record(0),
    events: subjects.record(0, "w1", "verdict"),
  });
  const said: string[] = [];
  policy.subscribe(
    subjects.commands,
    (message) => {
      for (const line of splitLines(message.data) ?? []) {
        const { command } = JSON.parse(Buffer.from(line).toString("utf8")) as {
          command?: CommandId;
        };
        if (command === undefined) continue;
        const verdict = passingVerdict({ command, hash: eventHash(line), time: Date.now() });
        said.push(JSON.stringify(verdict));
        verdictLane.event(JSON.stringify(verdict));
      }
    },
    "policy",
  );
  await policy.flush();

  const publisher = new RecordPublisher(worker);
  const lane = workerLane(publisher);
  const gates = new TwoGates({ bus: worker, lane });
  const outcomes = new Map<CommandId, GateOutcome>();
  const results: string[] = [];
  const enough = new AbortController();
  const client = async (): Promise<void> => {
    while (!enough.signal.aborted) {
      const command = newCommandId();
      const line = lineOf(command);
      const told = Promise.withResolvers<GateOutcome>();
      gates.request(
        line,
        { command, hash: eventHash(line), deadline: Date.now() + 500, sender: command },
        told.resolve,
      );
      const outcome = await told.promise;
      outcomes.set(command, outcome);
      const result = JSON.stringify({ result: command, kind: outcome.kind });
      results.push(result);
      lane.event(result);
      // A refusal at once must not become a busy loop.
      if (outcome.kind === "closed") await delay(5);
    }
  };
  const clients = Array.from({ length: 16 }, client);
  const opened = (): number => [...outcomes.values()].filter(({ kind }) => kind === "open").length;
  for (let kill = 1; kill <= 4; kill++) {
    const before = opened();
    await waitFor(() => opened() > before + 100, { what: "commands to pass", timeout: 30_000 });
    await bus.nats.kill();
    await bus.nats.start();
  }
  await waitFor(() => worker.connected && policy.connected, { what: "the bus" });
  enough.abort();
  await Promise.all(clients);
  await publisher.drain();
  await verdicts.drain();

  const lines = await recorded(bus);
  const places = [...outcomes].map(([command, { kind }]) => ({
    kind,
    where: lines.get(lineOf(command)) ?? new Set<string>(),
  }));
  expect(places.filter(({ where }) => where.size === 0)).toEqual([]);
  expect(places.filter(({ kind, where }) => kind === "open" && !where.has("command"))).toEqual([]);
  for (const result of results) expect(lines.has(result)).toBe(true);
  for (const verdict of said) expect(lines.get(verdict)).toEqual(new Set(["verdict"]));
  const closed = outcomes.size - opened();
  expect(opened()).toBeGreaterThan(400);
  expect(closed).toBeGreaterThan(0);
  expect(bus.alarms.heard).toEqual([]);
});
