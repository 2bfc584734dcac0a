import { join } from "node:path";
import { jetstream } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { parseLine, RecordPublisher, splitLines, type Bus } from "@sallyport/bus";
import {
  buckets,
  eventHash,
  Hold,
  keys,
  newCommandId,
  newSessionId,
  subjects,
  Verdict,
  type Answers,
  type Bundle,
  type Command,
  type GivenAnswer,
  type Operation,
  type Principal,
  type Revocation,
} from "@sallyport/contracts";
import { startPolicy, type RunningPolicy } from "@sallyport/policy";
import { openLog } from "@sallyport/runtime";
import { waitFor } from "@sallyport/testkit";
import { TestBus, workerLane } from "./bus.fixture.ts";

export const ci: Principal = {
  id: "corp#ci",
  issuer: "corp",
  subject: "ci",
  kind: "workload",
  groups: ["corp/ci"],
  owner: "corp#olga",
  delegation: [],
  token: "t1",
  claims: {},
};

export const person = (subject: string, change: Partial<Principal> = {}): Principal => ({
  id: `corp#${subject}`,
  issuer: "corp",
  subject,
  kind: "person",
  groups: ["corp/dba"],
  delegation: [],
  token: `t-${subject}`,
  claims: {},
  ...change,
});

export const policies = `
@id("ci-works") permit (principal in Group::"corp/ci", action in [Action::"connect", Action::"read", Action::"write"], resource in Connection::"orders");
@id("pii") @mask("redact") forbid (principal, action == Action::"read", resource in Tag::"pii");
@id("deletes-need-a-dba") @hold("corp/dba") @reason("ask a DBA") forbid (principal, action == Action::"delete", resource);
@id("updates-need-two") @hold("corp/dba") @quorum("2") @wait("2m") forbid (principal, action == Action::"update", resource);
@id("inserts-soon") @hold("corp/dba") @ttl("500ms") forbid (principal, action == Action::"insert", resource);
`;

export const bundleOf = (text: string, change: Partial<Bundle> = {}): Bundle => ({
  v: 1,
  type: "bundle",
  connections: {
    orders: {
      protocol: "postgres",
      target: { host: "127.0.0.1", port: 5432, database: "orders", tls: "off" },
      credentials: { username: "app" },
      tags: [],
      columns: { "public.customers.email": ["pii"] },
      record: "rows",
    },
  },
  issuers: ["corp"],
  approvers: { "corp/dba": { members: ["corp#named"] } },
  baseline: true,
  policies: [{ file: "policies.cedar", text }],
  applied: { at: 1, by: "test", from: "test" },
  ...change,
});

const table = { type: "Table", id: "orders/public.orders" } as const;
export const operations = {
  read: { action: "read", resource: table, use: "output" },
  delete: { action: "delete", resource: table, where: true },
  update: { action: "update", resource: table, where: true },
  insert: { action: "insert", resource: table },
  drop: { action: "drop", resource: table },
  email: {
    action: "read",
    resource: { type: "Column", id: "orders/public.customers.email" },
    use: "output",
  },
} satisfies Record<string, Operation>;

export interface Sent {
  readonly command: Command;
  readonly line: string;
}

/** A worker, an approver's service and an operator as policy meets them on a real bus. */
export class PolicyPeers implements AsyncDisposable {
  readonly bus: TestBus;
  readonly worker: Bus;
  readonly verdicts: { verdict: Verdict; line: string; message: number }[] = [];
  readonly running: RunningPolicy[] = [];
  readonly #publisher: RecordPublisher;
  #messages = 0;
  revision = 0;

  private constructor(bus: TestBus, worker: Bus) {
    this.bus = bus;
    this.worker = worker;
    this.#publisher = new RecordPublisher(worker);
    worker.subscribe(subjects.record(0, "w1", "verdict"), (message) => {
      this.#messages++;
      for (const line of splitLines(message.data) ?? [])
        this.verdicts.push({
          verdict: Verdict.parse(parseLine(line)),
          line: Buffer.from(line).toString("utf8"),
          message: this.#messages,
        });
    });
  }

  static async start(): Promise<PolicyPeers> {
    const bus = await TestBus.start();
    return new PolicyPeers(bus, await bus.connect("w1"));
  }

  async startPolicy(holdRetention?: number): Promise<RunningPolicy> {
    const running = await startPolicy({
      ...(holdRetention !== undefined && { holdRetention }),
      servers: [this.bus.nats.url],
      credentials: join(this.bus.directory, "credentials"),
      http: { address: { host: "127.0.0.1", port: 0 } },
      log: openLog("policy-test", "error", {}).child({}, { level: "silent" }),
    });
    this.running.push(running);
    return running;
  }

  async #bucket(user: string, bucket: string) {
    const { nats } = await this.bus.connect(user);
    const manager = new Kvm(jetstream(nats, { checkAPI: false }));
    return manager.open(bucket, { bindOnly: true, allow_direct: true });
  }

  /** Gives the bundle's revision; the next command carries it. */
  async apply(bundle: unknown): Promise<number> {
    const bucket = await this.#bucket("operator", buckets.bundle);
    this.revision = await bucket.put(keys.bundle, JSON.stringify(bundle));
    return this.revision;
  }

  command(operation: Operation, change: Partial<Command> = {}): Sent {
    const command: Command = {
      v: 1,
      type: "command",
      session: newSessionId(),
      n: 2,
      prev: "0".repeat(64),
      time: Date.now(),
      command: newCommandId(),
      kind: "simple",
      connection: "orders",
      principal: ci,
      address: "10.0.0.1:5000",
      text: `statement ${operation.action}`,
      parameters: [],
      operations: [operation],
      mayWait: true,
      deadline: Date.now() + 60_000,
      revision: this.revision,
      ...change,
    };
    return { command, line: JSON.stringify(command) };
  }

  send(...all: readonly Sent[]): void {
    for (const { line, command } of all)
      this.#lane.command(line, command.deadline, () => {}, command.session);
  }

  get #lane() {
    return workerLane(this.#publisher);
  }

  event(line: string): void {
    this.#lane.event(line);
  }

  of({ command }: Sent): Verdict[] {
    return this.verdicts
      .filter(({ verdict }) => verdict.command === command.command)
      .map(({ verdict }) => verdict);
  }

  /** The command's `n`th verdict, from 1. */
  verdict(sent: Sent, n = 1): Promise<Verdict> {
    return waitFor(() => this.of(sent)[n - 1], { what: `verdict ${n} on ${sent.command.text}` });
  }

  async judged(operation: Operation, change: Partial<Command> = {}): Promise<Verdict> {
    const sent = this.command(operation, change);
    this.send(sent);
    const verdict = await this.verdict(sent);
    if (verdict.hash !== eventHash(sent.line)) throw new Error("the verdict is of another text");
    return verdict;
  }

  async hold(key: string): Promise<Hold> {
    const bucket = await this.#bucket("operator", buckets.approvals);
    const entry = await bucket.get(keys.hold(key));
    return Hold.parse(entry?.json());
  }

  async forgotten(key: string): Promise<boolean> {
    const bucket = await this.#bucket("operator", buckets.approvals);
    return (await bucket.get(keys.hold(key)))?.operation === "DEL";
  }

  /** Writes answers as the approval service does, and asks policy to judge again. */
  async answer(
    verdict: Verdict,
    given: readonly (Partial<GivenAnswer> & Pick<GivenAnswer, "principal">)[],
    options: { judge?: boolean; key?: string } = {},
  ): Promise<void> {
    const { hold } = verdict;
    if (!hold) throw new Error("the verdict has no hold");
    const approval = await this.bus.connect("approval");
    const manager = new Kvm(jetstream(approval.nats, { checkAPI: false }));
    const bucket = await manager.open(buckets.approvals, { bindOnly: true, allow_direct: true });
    const answers: Answers = {
      v: 1,
      type: "answers",
      hold: hold.id,
      key: options.key ?? hold.key,
      answers: given.map((one) => ({
        answer: "approve",
        reason: "",
        time: Date.now(),
        ...one,
      })),
    };
    await bucket.put(keys.answer(hold.id), JSON.stringify(answers));
    if (options.judge !== false) await this.judge(verdict);
    await approval.flush();
  }

  /** Notes a revocation, or its end, as authn does. */
  async revoke(principal: string, state: Revocation["state"] = "revoked"): Promise<void> {
    const bucket = await this.#bucket("authn", buckets.revocations);
    const at = Date.now();
    const noted: Revocation = {
      v: 1,
      type: "revocation",
      principal,
      state,
      at,
      by: "olga",
      reason: "",
    };
    await bucket.put(keys.revocation(principal), JSON.stringify(noted));
  }

  async judge({ hold }: Verdict): Promise<void> {
    const approval = await this.bus.connect("approval");
    const judge = { v: 1, type: "judge", hold: hold?.id, key: hold?.key };
    approval.publish(subjects.judge, JSON.stringify(judge));
    await approval.flush();
  }

  release({ hold, command }: Verdict, why: string): void {
    const release = { v: 1, type: "release", command, hold: hold?.id, key: hold?.key, why };
    this.worker.publish(subjects.release("w1"), JSON.stringify(release));
  }

  /** Until the hold is in a state. */
  async until({ hold }: Verdict, state: Hold["state"]): Promise<Hold> {
    return waitFor(
      async () => {
        const found = await this.hold(hold?.key ?? "");
        return found.state === state && found;
      },
      { what: `the hold to be ${state}` },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#publisher.stop();
    await Promise.all(this.running.map((one) => one.stop(500)));
    await this.bus[Symbol.asyncDispose]();
  }
}
