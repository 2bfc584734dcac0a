import { headers } from "@nats-io/transport-node";
import { RecordPublisher, splitLines, TwoGates, type Bus, type GateOutcome } from "@sallyport/bus";
import {
  eventHash,
  newCommandId,
  newHoldId,
  newSessionId,
  subjects,
  type CommandId,
  type Verdict,
} from "@sallyport/contracts";
import { passingVerdict, waitFor } from "@sallyport/testkit";
import { expect, test, vi } from "vitest";
import { TestBus, workerLane } from "./bus.fixture.ts";

const session = newSessionId();

/** A command as policy got it, and where its acknowledgement goes. */
interface Asked {
  command: CommandId;
  hash: string;
  reply: string;
}

/** A worker's gates, and a policy that answers what the test tells it to. */
class Gates {
  readonly bus: Bus;
  readonly publisher: RecordPublisher;
  readonly gates: TwoGates;
  readonly policy: Bus;
  readonly asked: Asked[] = [];
  readonly #time = Date.now();
  answer: (asked: Asked) => void = () => {};

  private constructor(bus: Bus, policy: Bus) {
    this.bus = bus;
    this.policy = policy;
    this.publisher = new RecordPublisher(bus);
    const lane = workerLane(this.publisher);
    this.gates = new TwoGates({ bus, lane });
    policy.subscribe(
      subjects.commands,
      (message) => {
        for (const line of splitLines(message.data) ?? []) {
          const { command } = JSON.parse(Buffer.from(line).toString()) as { command: CommandId };
          const asked = { command, hash: eventHash(line), reply: message.reply ?? "" };
          this.asked.push(asked);
          this.answer(asked);
        }
      },
      "policy",
    );
  }

  static async open(bus: TestBus): Promise<Gates> {
    const gates = new Gates(await bus.connect("w1"), await bus.connect("policy"));
    await Promise.all([gates.policy.flush(), gates.bus.flush()]);
    return gates;
  }

  verdict({ command, hash }: Asked, more: Partial<Verdict> = {}): Verdict {
    return passingVerdict({ session, command, hash, time: this.#time, ...more });
  }

  say(...verdicts: Verdict[]): void {
    this.sayText(verdicts.map((verdict) => `${JSON.stringify(verdict)}\n`).join(""));
  }

  sayText(text: string): void {
    this.policy.publish("sp.rec.0.w1.verdict", text, `${this.policy.gateInbox}.x`);
  }

  request(deadline = 20_000): { command: CommandId; outcomes: GateOutcome[]; line: string } {
    const command = newCommandId();
    const line = JSON.stringify({ command });
    const outcomes: GateOutcome[] = [];
    const at = Date.now() + deadline;
    this.gates.request(
      line,
      { command, hash: eventHash(line), deadline: at, sender: session },
      (outcome) => outcomes.push(outcome),
    );
    return { command, outcomes, line };
  }

  async outcome(deadline?: number): Promise<GateOutcome> {
    const { outcomes } = this.request(deadline);
    await waitFor(() => outcomes.length > 0, { what: "an outcome", every: 2 });
    return outcomes[0] as GateOutcome;
  }
}

test.concurrent("both gates open, and a command is judged once", async () => {
  await using bus = await TestBus.start();
  const gates = await Gates.open(bus);
  gates.answer = (asked) => gates.say(gates.verdict(asked));
  const outcomes = await Promise.all(Array.from({ length: 200 }, () => gates.outcome()));
  expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(["open"]));
  expect(gates.asked.length).toBe(200);
  expect(outcomes.every((outcome) => outcome.kind === "open" && outcome.seq > 0)).toBe(true);
  expect(bus.alarms.heard).toEqual([]);
});

test.concurrent("a verdict alone does not open: no acknowledgement by the deadline", async () => {
  await using bus = await TestBus.start();
  const setup = await bus.connect("setup");
  const gates = await Gates.open(bus);
  gates.answer = (asked) => gates.say(gates.verdict(asked));
  await setup.nats.request("$JS.API.STREAM.DELETE.RECORD_0", "");
  expect(await gates.outcome(3000)).toMatchObject({
    kind: "closed",
    gate: "record",
    code: "record-unreachable",
    verdict: { decision: "pass" },
  });
});

test.concurrent("an acknowledgement that is not exactly one closes the record gate, whatever policy says", async () => {
  await using bus = await TestBus.start();
  const setup = await bus.connect("setup");
  const gates = await Gates.open(bus);
  await setup.nats.request("$JS.API.STREAM.DELETE.RECORD_0", "", { timeout: 10_000 });
  const withHeader = headers();
  withHeader.set("Nats-Stream", "RECORD_0");
  const good = '{"stream":"RECORD_0","seq":7}';
  const forged: [string, string, ReturnType<typeof headers>?][] = [
    ["record-refused", ""],
    ["record-refused", "+OK"],
    ["record-refused", '{"stream":"RECORD_0","seq":0}'],
    ["record-refused", '{"stream":"OUTPUT_0","seq":7}'],
    ["record-refused", '{"stream":"RECORD_0","seq":7,"duplicate":true}'],
    ["record-refused", '{"stream":"RECORD_0","seq":7,"extra":1}'],
    ["record-refused", good, withHeader],
    ["record-full", '{"error":{"code":503,"err_code":10077},"stream":"RECORD_0","seq":0}'],
  ];
  for (const [code, text, fields] of forged) {
    gates.answer = (asked) => {
      setup.nats.publish(asked.reply, text, fields ? { headers: fields } : {});
    };
    expect(await gates.outcome()).toMatchObject({ kind: "closed", gate: "record", code });
  }
  expect(bus.alarms.names).toEqual(Array(7).fill("pub-ack"));
  // A second answer, and one to a token that was never given, count for nothing.
  setup.publish(gates.asked[0]?.reply ?? "", good);
  await waitFor(() => bus.alarms.heard.length === 8, { what: "the alarm" });
  expect(gates.publisher.counts.stored).toBe(0);
});

test.concurrent("what a changed leader answers again is none the worse; another acknowledgement, or a third, is an alarm", async () => {
  await using bus = await TestBus.start();
  const setup = await bus.connect("setup");
  const gates = await Gates.open(bus);
  gates.answer = (asked) => gates.say(gates.verdict(asked));
  const seqs: number[] = [];
  for (let n = 0; n < 3; n++) {
    const outcome = await gates.outcome();
    seqs.push(outcome.kind === "open" ? outcome.seq : 0);
  }
  const [refused = "", again = "", other = ""] = gates.asked.map(({ reply }) => reply);
  const no = '{"error":{"code":503,"err_code":10008},"stream":"RECORD_0","seq":0}';
  const yes = (seq: number | undefined): string => JSON.stringify({ stream: "RECORD_0", seq });
  setup.publish(refused, no);
  setup.publish(again, yes(seqs[1]));
  setup.publish(other, yes(seqs[1]));
  setup.publish(refused, no);
  setup.publish(again, yes(seqs[1]));
  await waitFor(() => bus.alarms.heard.length >= 3, { what: "the alarms" });
  expect(bus.alarms.heard).toMatchObject(
    [yes(seqs[1]), no, yes(seqs[1])].map((said) => ({ alarm: "pub-ack", fields: { said } })),
  );
  await gates.publisher.drain();
  expect(gates.publisher.counts.resends).toBe(0);
});

test.concurrent("denials and answered holds say why", async () => {
  await using bus = await TestBus.start();
  const gates = await Gates.open(bus);
  const condition = { policy: "p", group: "corp/dba", quorum: 1, ttl: 900_000, wait: 300_000 };
  const hold = (state: "open" | "taken" | "denied" | "expired" | "withdrawn") => ({
    holds: [condition],
    hold: {
      id: newHoldId(),
      key: "0".repeat(64),
      state,
      expires: Date.now() + 60_000,
      approvers: state === "taken" ? ["corp#alice"] : [],
    },
  });
  const cases: [Partial<Verdict>, object][] = [
    [{ decision: "deny" }, { kind: "closed", gate: "policy", code: "policy-denied" }],
    [hold("taken"), { kind: "open" }],
    [hold("open"), { kind: "closed", code: "hold-open" }],
    [hold("denied"), { kind: "closed", code: "hold-denied" }],
    [hold("expired"), { kind: "closed", code: "hold-expired" }],
    [hold("withdrawn"), { kind: "closed", code: "hold-withdrawn" }],
    [{ holds: [condition] }, { kind: "closed", code: "verdict-mismatch" }],
    [
      { ...hold("taken"), final: false },
      { kind: "closed", code: "verdict-mismatch" },
    ],
    [{ final: false }, { kind: "closed", code: "verdict-mismatch" }],
  ];
  for (const [more, expected] of cases) {
    gates.answer = (asked) => gates.say(gates.verdict(asked, more));
    expect(await gates.outcome()).toMatchObject(expected);
  }
  expect(bus.alarms.names).toEqual(Array(3).fill("verdict-mismatch"));
});

test.concurrent("a held command is told so, and then what became of it", async () => {
  await using bus = await TestBus.start();
  const gates = await Gates.open(bus);
  const hold = {
    holds: [{ policy: "p", group: "corp/dba", quorum: 1, ttl: 900_000, wait: 300_000 }],
    hold: {
      id: newHoldId(),
      key: "0".repeat(64),
      state: "open" as const,
      expires: Date.now() + 60_000,
      approvers: [],
    },
  };
  gates.answer = (asked) => gates.say(gates.verdict(asked, { ...hold, final: false }));
  const { outcomes, command } = gates.request(3000);
  await waitFor(() => outcomes.length > 0, { what: "the hold" });
  expect(outcomes[0]).toMatchObject({ kind: "held", verdict: { hold: { state: "open" } } });
  const [asked] = gates.asked;
  if (!asked) throw new Error("policy was not asked");
  const taken = { ...hold.hold, state: "taken" as const, approvers: ["corp#alice"] };
  const late = Date.now() + 3100;
  await waitFor(() => Date.now() > late, { what: "the command's own deadline to pass" });
  expect(outcomes.length).toBe(1);
  gates.say(gates.verdict(asked, { ...hold, hold: taken, time: 2 }));
  await waitFor(() => outcomes.length > 1, { what: "the final verdict" });
  expect(outcomes[1]).toMatchObject({ kind: "open", verdict: { command, time: 2 } });
  gates.say(gates.verdict(asked, { ...hold, hold: taken, time: 2 }));
  gates.say(gates.verdict(asked, { ...hold, hold: taken, time: 3 }));
  await waitFor(() => bus.alarms.heard.length > 0, { what: "the alarm" });
  expect(bus.alarms.names).toEqual(["verdict-second"]);
  expect(outcomes.length).toBe(2);
});

test.concurrent("a held command is told of the next hold, and what was overtaken by it counts for nothing", async () => {
  await using bus = await TestBus.start();
  const gates = await Gates.open(bus);
  const expires = Date.now() + 60_000;
  const holdOf = (more: Partial<NonNullable<Verdict["hold"]>> = {}, final = false) => ({
    final,
    holds: [{ policy: "p", group: "corp/dba", quorum: 1, ttl: 900_000, wait: 300_000 }],
    hold: {
      id: newHoldId(),
      key: "0".repeat(64),
      state: "open" as const,
      expires,
      approvers: [],
      ...more,
    },
  });
  const first = holdOf();
  gates.answer = (asked) => gates.say(gates.verdict(asked, first));
  const { outcomes } = gates.request();
  await waitFor(() => outcomes.length === 1, { what: "the hold" });
  const [asked] = gates.asked;
  if (!asked) throw new Error("policy was not asked");
  const next = holdOf({ expires: expires + 30_000 });
  const [until] = outcomes.map((one) => (one.kind === "held" ? one.until : 0));
  expect(Math.abs((until ?? 0) - expires)).toBeLessThan(20_000);
  const overtaken = holdOf({ expires: expires - 1 });
  for (const each of [next, first, next, overtaken]) gates.say(gates.verdict(asked, each));
  await waitFor(() => outcomes.length === 2, { what: "the next hold" });
  expect(outcomes).toMatchObject([
    { kind: "held", before: null, until, verdict: { hold: first.hold } },
    // It moves on, and waits no longer than it would have.
    { kind: "held", before: first.hold.id, until, verdict: { hold: next.hold } },
  ]);
  const taken = { ...next.hold, state: "taken" as const, approvers: ["corp#alice"] };
  gates.say(gates.verdict(asked, holdOf(taken, true)));
  await waitFor(() => outcomes.length === 3, { what: "the final verdict" });
  expect(outcomes[2]).toMatchObject({ kind: "open" });
  // Another process of policy said these before, and was slow.
  for (const each of [first, next, overtaken, holdOf()]) gates.say(gates.verdict(asked, each));
  expect(bus.alarms.heard).toEqual([]);
  gates.say(gates.verdict(asked, holdOf({ key: "1".repeat(64) })));
  await waitFor(() => bus.alarms.heard.length > 0, { what: "the alarm" });
  expect(bus.alarms.names).toEqual(["verdict-second"]);
  expect(outcomes.length).toBe(3);
});

test.concurrent("a held command that is told of a hold of another key is refused, and that is an alarm", async () => {
  await using bus = await TestBus.start();
  const gates = await Gates.open(bus);
  const held = (key: string) => ({
    final: false,
    holds: [{ policy: "p", group: "corp/dba", quorum: 1, ttl: 900_000, wait: 300_000 }],
    hold: {
      id: newHoldId(),
      key: key.repeat(64),
      state: "open" as const,
      expires: Date.now() + 60_000,
      approvers: [],
    },
  });
  gates.answer = (asked) => {
    gates.say(gates.verdict(asked, held("0")));
    gates.say(gates.verdict(asked, held("1")));
  };
  const { outcomes } = gates.request();
  await waitFor(() => outcomes.some(({ kind }) => kind === "closed"), { what: "the refusal" });
  expect(outcomes.at(-1)).toMatchObject({ gate: "policy", code: "verdict-mismatch" });
  expect(bus.alarms.names).toEqual(["verdict-second"]);
});

test.concurrent("the end of its wait closes a held command, and cancel does", async () => {
  await using bus = await TestBus.start();
  const gates = await Gates.open(bus);
  const held = (wait: number) => ({
    final: false,
    holds: [{ policy: "p", group: "corp/dba", quorum: 1, ttl: 900_000, wait }],
    hold: {
      id: newHoldId(),
      key: "0".repeat(64),
      state: "open" as const,
      expires: Date.now() + 60_000,
      approvers: [],
    },
  });
  gates.answer = (asked) => gates.say(gates.verdict(asked, held(50)));
  const first = gates.request();
  await waitFor(() => first.outcomes.length === 2, { what: "the end of the wait" });
  expect(first.outcomes[1]).toMatchObject({ kind: "closed", code: "hold-open" });
  gates.answer = (asked) => gates.say(gates.verdict(asked, held(60_000)));
  const second = gates.request();
  await waitFor(() => second.outcomes.length === 1, { what: "the hold" });
  expect(gates.gates.cancel(second.command)).toBe(true);
  expect(gates.gates.cancel(second.command)).toBe(false);
  expect(second.outcomes[1]).toMatchObject({ kind: "closed", gate: "policy", code: "cancelled" });
});

test.concurrent("a wrong hash, a second verdict and a lower revision are refused", async () => {
  await using bus = await TestBus.start();
  const gates = await Gates.open(bus);
  gates.answer = (asked) => gates.say(gates.verdict({ ...asked, hash: "f".repeat(64) }));
  expect(await gates.outcome()).toMatchObject({ kind: "closed", code: "verdict-mismatch" });
  expect(bus.alarms.names).toEqual(["verdict-mismatch"]);

  gates.answer = (asked) =>
    gates.say(gates.verdict(asked), gates.verdict(asked), gates.verdict(asked, { time: 2 }));
  const { outcomes } = gates.request();
  await waitFor(() => bus.alarms.heard.length > 1, { what: "the alarm" });
  await waitFor(() => outcomes.length > 0, { what: "an outcome" });
  expect(bus.alarms.names).toEqual(["verdict-mismatch", "verdict-second"]);
  expect(outcomes.length).toBe(1);

  gates.gates.see(7);
  gates.answer = (asked) => gates.say(gates.verdict(asked, { revision: 6 }));
  expect(await gates.outcome()).toMatchObject({ kind: "closed", code: "verdict-stale" });
  gates.answer = (asked) => gates.say(gates.verdict(asked, { revision: 8 }));
  expect(await gates.outcome()).toMatchObject({ kind: "open" });
  expect(gates.gates.revision).toBe(8);
});

test.concurrent("what is no verdict opens nothing and is an alarm", async () => {
  await using bus = await TestBus.start();
  const gates = await Gates.open(bus);
  const texts = (verdict: Verdict): [string, string][] => [
    ["verdict-unreadable", ""],
    ["verdict-unreadable", "{}\n"],
    ["verdict-unreadable", JSON.stringify(verdict)],
    ["verdict-unreadable", `${JSON.stringify({ ...verdict, extra: 1 })}\n`],
    ["verdict-unreadable", `${JSON.stringify({ ...verdict, decision: "allow" })}\n`],
    ["verdict-unreadable", `${JSON.stringify({ ...verdict, type: "approval" })}\n`],
    ["verdict-unreadable", `${JSON.stringify(verdict)}\n\n`],
    ["verdict-unreadable", `${JSON.stringify(verdict)}\nx\n`],
  ];
  gates.answer = (asked) => {
    const verdict = gates.verdict(asked);
    for (const [, text] of texts(verdict)) gates.sayText(text);
    const line = `${JSON.stringify(verdict)}\n`;
    gates.policy.publish("sp.rec.0.w1.verdict", line, "$JS.API.x");
    gates.policy.publish("sp.rec.0.w1.verdict", line);
    const withHeader = headers();
    withHeader.set("Nats-Stream", "KV_approvals");
    gates.policy.nats.publish("sp.rec.0.w1.verdict", line, {
      headers: withHeader,
      reply: `${gates.policy.gateInbox}.x`,
    });
  };
  expect(await gates.outcome(3000)).toMatchObject({ kind: "closed", code: "policy-absent" });
  await waitFor(() => bus.alarms.heard.length >= 11, { what: "the alarms" });
  expect(bus.alarms.names).toEqual([
    ...Array<string>(8).fill("verdict-unreadable"),
    ...Array<string>(3).fill("verdict-forged"),
  ]);
});

test.concurrent("with policy absent: three misses, then one probe a second, and its verdict ends that", async () => {
  await using bus = await TestBus.start();
  const gates = await Gates.open(bus);
  const began = performance.now();
  let misses = 0;
  // A record that is slower than that is no miss of policy's.
  while (!gates.gates.probing)
    misses += Number(JSON.stringify(await gates.outcome(200)).includes("policy-absent"));
  expect(misses).toBe(3);
  // What was asked before has come to policy by then.
  await gates.bus.flush();
  await gates.policy.flush();
  const asked = gates.asked.length;
  for (let refused = 1; refused <= 20; refused++)
    expect(await gates.outcome(200)).toMatchObject({ kind: "closed" });
  const seconds = Math.floor((performance.now() - began) / 1000);
  expect(gates.asked.length - asked).toBeLessThanOrEqual(seconds);
  gates.answer = (one) => gates.say(gates.verdict(one));
  const opened = await waitFor(
    async () => {
      const outcome = await gates.outcome();
      return outcome.kind === "open" && outcome;
    },
    { what: "a probe to pass" },
  );
  expect(opened.kind).toBe("open");
  expect(gates.gates.probing).toBe(false);
  expect(await gates.outcome()).toMatchObject({ kind: "open" });
  await gates.publisher.drain();
});

test.concurrent("a lost bus and a frozen one refuse what waits, and what comes", async () => {
  await using bus = await TestBus.start();
  const gates = await Gates.open(bus);
  const waiting = gates.request(60_000);
  await waitFor(() => gates.asked.length === 1, { what: "policy to be asked" });
  await gates.publisher.drain();
  bus.nats.freeze();
  const frozen = gates.request(60_000);
  await waitFor(() => frozen.outcomes.length > 0, {
    what: "the misses of two pings",
  });
  expect(waiting.outcomes[0]).toMatchObject({ kind: "closed", gate: "policy", code: "bus-lost" });
  expect(frozen.outcomes[0]).toMatchObject({ kind: "closed", gate: "record", code: "bus-lost" });
  expect(await gates.outcome()).toMatchObject({ gate: "record", code: "bus-lost" });
  await bus.nats.kill();
  await bus.nats.start();
  await waitFor(() => gates.bus.connected && gates.policy.connected, { what: "the bus" });
  gates.answer = (asked) => gates.say(gates.verdict(asked));
  await waitFor(async () => (await gates.outcome()).kind === "open", { what: "the gates to open" });
  await gates.publisher.drain();
  expect(bus.alarms.heard).toEqual([]);
});

test("a clock that is set back or forward moves neither a deadline, nor a probe, nor the wait of a hold", async () => {
  await using bus = await TestBus.start();
  const gates = await Gates.open(bus);
  const now = Date.now.bind(Date);
  let set = 0;
  const clock = vi.spyOn(Date, "now").mockImplementation(() => now() + set);
  try {
    while (!gates.gates.probing)
      expect(await gates.outcome(200)).toMatchObject({ code: "policy-absent" });
    gates.answer = (asked) => gates.say(gates.verdict(asked));
    set = -3_600_000;
    await waitFor(async () => (await gates.outcome()).kind === "open", {
      what: "a probe to pass",
      every: 50,
    });
    gates.answer = () => {};
    const late = gates.request(300);
    await waitFor(() => gates.asked.some(({ command }) => command === late.command), {
      what: "the question",
    });
    set = -7_200_000;
    await waitFor(() => late.outcomes.length > 0, { what: "the deadline" });
    expect(late.outcomes).toMatchObject([{ code: "policy-absent" }]);
    // Policy's clock is another machine's.
    const time = now();
    const hold = {
      id: newHoldId(),
      key: "0".repeat(64),
      state: "open" as const,
      expires: time + 900_000,
      approvers: [],
    };
    const holds = [{ policy: "p", group: "corp/dba", quorum: 1, ttl: 900_000, wait: 300_000 }];
    gates.answer = (asked) => gates.say(gates.verdict(asked, { time, final: false, holds, hold }));
    set = 7_200_000;
    const held = gates.request();
    await waitFor(() => held.outcomes.length > 0, { what: "the hold" });
    expect(held.outcomes).toMatchObject([{ kind: "held", verdict: { hold: { id: hold.id } } }]);
    gates.answer = (asked) => gates.say(gates.verdict(asked));
    expect(await gates.outcome()).toMatchObject({ kind: "open" });
    expect(held.outcomes).toHaveLength(1);
  } finally {
    clock.mockRestore();
  }
});
