import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { startApproval, type ApprovalOptions, type RunningApproval } from "@sallyport/approval";
import { answerRequests, Bucket, Opener, splitLines, takeMessages, type Bus } from "@sallyport/bus";
import {
  Answers,
  Approval,
  Bundle,
  buckets,
  Hold,
  HoldList,
  HoldView,
  Judge,
  keys,
  Principal,
  queues,
  Revocation,
  streams,
  subjects,
  Verify,
  type Verified,
} from "@sallyport/contracts";
import { DirectoryStore } from "@sallyport/evidence";
import { startRecorder } from "@sallyport/recorder";
import { Alarms, createSealingKey, openLog } from "@sallyport/runtime";
import { waitFor } from "@sallyport/testkit";
import { TestBus } from "./bus.fixture.ts";

const quiet = openLog("approval", "error");
quiet.level = "silent";

/** A token that the fixture's authn understands: the principal itself. */
export const tokenOf = (principal: Principal): string =>
  Buffer.from(JSON.stringify(principal)).toString("base64url");

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export type ProcessOptions = Partial<Pick<ApprovalOptions, "receivers" | "log" | "telemetry">>;

/** The error's code, when the answer is one. */
export const codeOf = ({ body }: Answered): string | null =>
  typeof body === "object" && body !== null && "code" in body ? String(body.code) : null;

/**
 * Approval on a real bus. The test speaks for its neighbours with their own credentials: policy writes holds and
 * hears who is to be judged, authn opens sealed tokens.
 */
export class Office implements AsyncDisposable {
  readonly bus: TestBus;
  readonly archive: DirectoryStore;
  /** What policy was asked to judge, in order. */
  readonly judged: Judge[] = [];
  /** What authn was asked. */
  readonly verified: Verify[] = [];
  authnAnswers = true;
  readonly #holds: Bucket<Hold>;
  readonly #answers: Bucket<Answers>;
  readonly #operator: Bus;
  readonly #authn: Bus;
  readonly #sealing: { seed: string; publicKey: string };
  #running: RunningApproval | undefined;

  private constructor(bus: TestBus, users: { policy: Bus; operator: Bus; authn: Bus }) {
    this.bus = bus;
    this.archive = new DirectoryStore(join(bus.directory, "archive"));
    this.#operator = users.operator;
    this.#authn = users.authn;
    this.#holds = new Bucket(users.policy, buckets.approvals, Hold);
    this.#answers = new Bucket(users.policy, buckets.approvals, Answers);
    this.#sealing = createSealingKey();
    takeMessages(
      users.policy,
      subjects.judge,
      Judge,
      (judge) => this.judged.push(judge),
      queues.policy,
    );
    const opener = new Opener(this.#sealing.seed);
    answerRequests(
      users.authn,
      { subject: subjects.verify, queue: queues.authn, schema: Verify },
      (question) => Promise.resolve(this.#verify(question, opener)),
    );
  }

  static async open(): Promise<Office> {
    const bus = await TestBus.start();
    const [policy, operator, authn] = await Promise.all(
      ["policy", "operator", "authn"].map((user) => bus.connect(user)),
    );
    if (!policy || !operator || !authn) throw new Error("three users were asked for");
    const office = new Office(bus, { policy, operator, authn });
    await office.apply({});
    await office.start();
    return office;
  }

  async start(): Promise<void> {
    this.#running = await this.process();
  }

  /** One process of approval; there may be several. */
  process({
    receivers = [],
    log = quiet,
    telemetry = null,
  }: ProcessOptions = {}): Promise<RunningApproval> {
    const credentials = this.bus.credentials.get("approval");
    if (!credentials) throw new Error("approval is a user");
    return startApproval({
      servers: [this.bus.nats.url],
      credentials,
      sealingPublicKey: this.#sealing.publicKey,
      archive: this.archive,
      receivers,
      listen: { address: { host: "127.0.0.1", port: 0 } },
      log,
      telemetry,
    });
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  /** Where REST is. */
  get url(): string {
    return `http://127.0.0.1:${this.#running?.http.port ?? 0}`;
  }

  /** A recorder archives all there is, and purges it but for the anchors. */
  async archiveAll(): Promise<void> {
    const bus = await this.bus.connect("recorder");
    const recorder = await startRecorder({
      bus,
      store: this.archive,
      signingKey: generateKeyPairSync("ed25519").privateKey,
      every: 200,
      http: { address: { host: "127.0.0.1", port: 0 } },
      log: quiet,
      alarms: new Alarms(quiet),
    });
    const manager = await jetstreamManager((await this.bus.connect("setup")).nats);
    const left = async (stream: string) => (await manager.streams.info(stream)).state.messages;
    await waitFor(
      async () => (await left(streams.record(0))) <= 1 && (await left(streams.output(0))) <= 1,
      { what: "the streams to be archived" },
    );
    await recorder.stop();
    await manager.streams.purge(streams.output(0));
  }

  /** Puts approver groups in force. */
  async apply(approvers: Bundle["approvers"]): Promise<void> {
    const bundle = new Bucket(this.#operator, buckets.bundle, Bundle);
    await bundle.put(keys.bundle, {
      v: 1,
      type: "bundle",
      connections: {},
      issuers: ["corp"],
      approvers,
      baseline: true,
      policies: [],
      applied: { at: Date.now(), by: "test", from: "here" },
    });
  }

  async revoke(principal: string): Promise<void> {
    await new Bucket(this.#authn, buckets.revocations, Revocation).put(keys.revocation(principal), {
      v: 1,
      type: "revocation",
      principal,
      state: "revoked",
      at: Date.now(),
      by: "test",
      reason: "",
    });
  }

  /** Policy writes a hold; resolves when approval's list shows it to this person. */
  async pin(hold: Hold, seenBy: Principal): Promise<Hold> {
    await this.#holds.put(keys.hold(hold.key), hold);
    await waitFor(
      async () => (await this.list(seenBy, "all")).some((one) => one.hold === hold.hold),
      {
        what: "the hold on the board",
        // REST takes so many questions a minute and no more.
        every: 50,
      },
    );
    return hold;
  }

  /** Policy settles a hold. */
  async settle(hold: Hold, state: Hold["state"]): Promise<void> {
    await this.#holds.put(keys.hold(hold.key), { ...hold, state });
  }

  /** Who answered what, as the bucket has it. */
  async answers(hold: Hold): Promise<[string, string][]> {
    const entry = await this.#answers.get(keys.answer(hold.hold));
    return (entry?.value.answers ?? []).map(({ principal, answer }) => [principal.id, answer]);
  }

  /** The approval events of a hold in the record. */
  async recorded(hold: Hold): Promise<Approval[]> {
    const recorder = await this.bus.connect("recorder");
    const manager = await jetstreamManager(recorder.nats, { checkAPI: false });
    const found: Approval[] = [];
    for await (const message of await manager.direct.getBatch(streams.record(0), {
      seq: 1,
      batch: 1000,
    }))
      for (const line of splitLines(message.data) ?? []) {
        const event = Approval.safeParse(JSON.parse(Buffer.from(line).toString("utf8")));
        if (event.success && event.data.hold === hold.hold) found.push(event.data);
      }
    return found;
  }

  async request(
    path: string,
    person: Principal | string | null,
    init: RequestInit = {},
  ): Promise<Answered> {
    const token = typeof person === "string" ? person : person && tokenOf(person);
    const response = await fetch(`${this.url}${path}`, {
      ...init,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(typeof init.body === "string" && { "content-type": "application/json" }),
      },
    });
    const body: unknown = await response.json();
    return { status: response.status, headers: response.headers, body };
  }

  async list(person: Principal, state = "open"): Promise<HoldView[]> {
    const { body } = await this.request(`/v1/approvals?state=${state}`, person);
    return HoldList.parse(body).approvals;
  }

  show(person: Principal | string | null, hold: Hold | string): Promise<Answered> {
    return this.request(`/v1/approvals/${typeof hold === "string" ? hold : hold.hold}`, person);
  }

  answer(
    person: Principal | string | null,
    hold: Hold | string,
    answer = "approve",
    reason = "looked at it",
  ): Promise<Answered> {
    const id = typeof hold === "string" ? hold : hold.hold;
    const body = JSON.stringify({ answer, reason });
    return this.request(`/v1/approvals/${id}/answer`, person, { method: "POST", body });
  }

  view(answered: Answered): HoldView {
    if (answered.status !== 200) throw new Error(`no view: ${JSON.stringify(answered.body)}`);
    return HoldView.parse(answered.body);
  }

  #verify(question: Verify, opener: Opener): Verified | null {
    this.verified.push(question);
    if (!this.authnAnswers) return null;
    const token = opener.open(question) ?? "";
    const parsed = Principal.safeParse(
      jsonOrNull(Buffer.from(token, "base64url").toString("utf8")),
    );
    if (!parsed.success)
      return { v: 1, type: "unverified", code: "token-unreadable", message: "not a token" };
    return {
      v: 1,
      type: "verified",
      principal: parsed.data,
      until: Date.now() + 60_000,
      revocations: 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.bus[Symbol.asyncDispose]();
  }
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
