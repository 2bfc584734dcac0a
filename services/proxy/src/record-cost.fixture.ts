import { Lane } from "@sallyport/bus";
import { newCommandId, newSessionId, newStartId, Principal } from "@sallyport/contracts";
import { askedMembers, askerMembers, novelMembers } from "./command-line.ts";
import { EventChain } from "./event-chain.ts";
import { SessionNumbers, SessionRecord, type CommandFields, type RecordWatch } from "./record.ts";

/**
 * Run by record-cost.test.ts with `--expose-gc`, a young generation that nothing leaves meanwhile, and no compiler that
 * leaves out what it can prove to be of no use: prints how many bytes an event takes, without telemetry, with it, and
 * where the code has never heard of it.
 */
const lane = new Lane(
  { stream: "RECORD_0", events: "sp.rec.0.w1.event" },
  { refusal: () => null, took: () => {}, tooLarge: () => {}, keep: () => {} },
);
const numbers = new SessionNumbers(newStartId());

const fields: CommandFields = {
  command: newCommandId(),
  kind: "simple",
  connection: "shop",
  principal: Principal.parse({
    id: "corp#ci-runner",
    issuer: "corp",
    subject: "ci-runner",
    kind: "workload",
    groups: ["corp/ci"],
    delegation: [],
    token: "t1",
    claims: {},
  }),
  address: "127.0.0.1:50000",
  text: "SELECT 1",
  parameters: [],
  operations: [],
  mayWait: true,
  deadline: 0,
  revision: 1,
};

/** What `SessionRecord` does, with nothing of telemetry in it. */
function bare(): () => void {
  const chain = new EventChain(newSessionId());
  const asker = askerMembers(fields);
  return () => {
    const line = chain.line("command", novelMembers(fields) + asker + askedMembers(fields));
    last = { line, hash: chain.hash };
  };
}
let last: object | undefined;

function real(watch: (() => RecordWatch) | null): () => void {
  const record = new SessionRecord(lane, numbers, watch);
  return () => {
    last = record.command(fields);
  };
}

const trace = (): string => `00-${"1".repeat(32)}-${"2".repeat(15)}${Date.now() % 10}-01`;
const watched = (): RecordWatch => ({
  opened: trace,
  command: trace,
  refused: trace,
  result: trace,
  own: trace,
  closed: trace,
});

const times = 10_000;
function bytesOf(run: () => void): number {
  for (let i = 0; i < times; i++) run();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < times; i++) run();
  return (process.memoryUsage().heapUsed - before) / times;
}

const cases = { bare: bare(), off: real(null), on: real(watched) };
// Once so that all is there, once for the count.
for (const run of Object.values(cases)) bytesOf(run);
const bytes = Object.fromEntries(
  Object.entries(cases).map(([name, run]) => [name, bytesOf(run)] as const),
);
process.stdout.write(JSON.stringify({ ...bytes, last: last !== undefined }));
