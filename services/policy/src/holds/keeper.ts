import { parseLine } from "@sallyport/bus";
import type { Decision } from "@sallyport/cedar";
import {
  Command,
  eventHash,
  newHoldId,
  type Hold,
  type Judge,
  type Reason,
  type Release,
  type Waiting,
} from "@sallyport/contracts";
import type { Alarms, Log } from "@sallyport/runtime";
import type { BundleFeed, InForce } from "../bundle-feed.ts";
import { verdictLine, type HoldWord } from "../verdict.ts";
import type { VerdictWriter } from "../verdict-writer.ts";
import { bindingKey } from "./binding.ts";
import type { HoldBucket, StoredHold } from "./bucket.ts";
import { approve, deny, disown, expire, meet, release, type Step, type Told } from "./machine.ts";
import { HoldRoom } from "./room.ts";
import { standing } from "./standing.ts";

/** A command as it came. */
export interface Came {
  readonly command: Command;
  readonly line: string;
  readonly hash: string;
  readonly partition: number;
  readonly worker: string;
}

/** Whom a verdict goes to, and the trace of what it answers. */
interface Addressee extends Pick<Waiting, "partition" | "worker" | "session" | "command" | "hash"> {
  readonly trace: string | undefined;
}

export interface KeeperOptions {
  readonly bucket: HoldBucket;
  readonly feed: BundleFeed;
  readonly writer: VerdictWriter;
  readonly log: Log;
  readonly alarms: Alarms;
  /** Milliseconds after its expiry that a hold can still be looked at. */
  readonly retention: number;
}

/** Compare-and-set is lost to another process so often at most; then the command goes without an answer. */
const attempts = 20;

/** Takes holds their way: every step is written by compare-and-set first, and told by whoever wrote it. */
export class HoldKeeper {
  readonly #bucket: HoldBucket;
  readonly #feed: BundleFeed;
  readonly #writer: VerdictWriter;
  readonly #log: Log;
  readonly #alarms: Alarms;
  readonly #retention: number;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #working = new Set<Promise<void>>();
  readonly #room = new HoldRoom();

  constructor({ bucket, feed, writer, log, alarms, retention }: KeeperOptions) {
    this.#retention = retention;
    this.#bucket = bucket;
    this.#feed = feed;
    this.#writer = writer;
    this.#log = log;
    this.#alarms = alarms;
  }

  /** A command was judged to need approval. */
  meet(came: Came, decision: Decision, inForce: InForce): void {
    const key = bindingKey(came.command, decision.holds, inForce.engine);
    this.#work(key, () => this.#meet(came, decision, inForce, key));
  }

  /** An answer came, or a hold's time may be over. */
  judge({ key, hold }: Judge): void {
    this.#work(key, async () => this.#forget(await this.#settle(key, hold)));
  }

  /** A command waits no longer, or was not sent. */
  release({ key, command, hold: id, why }: Release, worker: string): void {
    this.#work(key, () =>
      this.#change(key, (hold) =>
        release(hold, { command, hold: id, why, worker, now: Date.now() }),
      ),
    );
  }

  get counts(): { working: number; watched: number } {
    return { working: this.#working.size, watched: this.#timers.size };
  }

  /** Resolves when what is under way is written and told. */
  async stop(): Promise<void> {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.all(this.#working);
  }

  async #meet(came: Came, decision: Decision, inForce: InForce, key: string): Promise<void> {
    const { command, line, hash, partition, worker } = came;
    const waiting = { partition, worker, session: command.session, command: command.command, hash };
    for (let attempt = 0; attempt < attempts; attempt++) {
      // What was answered while nobody looked counts before this command does.
      const stored = await this.#settle(key);
      const met = meet(stored?.hold ?? null, {
        key,
        id: newHoldId(),
        conditions: decision.holds,
        masks: decision.masks,
        line,
        waiting,
        mayWait: command.mayWait,
        now: Date.now(),
      });
      const isNew = met.kind !== "taken" && met.next.hold !== stored?.hold.hold;
      if (isNew && !this.#room.has(key, command.principal.id, line)) {
        this.#write({ ...waiting, trace: command.trace }, tooMany(decision), inForce.under);
        return;
      }
      const isThere =
        met.next === stored?.hold ||
        (await this.#bucket.write(met.next, stored?.revision ?? 0)) !== null;
      if (!isThere) continue;
      this.#watch(met.next);
      const said = isNew ? await this.#withDisowned(decision, stored) : decision;
      this.#write({ ...waiting, trace: command.trace }, said, inForce.under, {
        hold: met.next,
        state: met.kind === "taken" ? "taken" : "open",
        final: met.kind !== "waits",
      });
      return;
    }
    this.#log.warn({ key, command: command.command }, "a hold is too busy: no answer");
  }

  /** Says in the verdict, and so in the evidence, why an approval that was there let nothing pass. */
  async #withDisowned(decision: Decision, before: StoredHold | null): Promise<Decision> {
    if (before?.hold.state !== "withdrawn") return decision;
    const revoked = [...(await this.#bucket.revoked(before.hold.approvers))];
    const policy = decision.holds[0]?.policy ?? "";
    const reasons = revoked.map((one) => ({
      policy,
      reason: `${one} approved it before and is revoked since, so that counts no more`,
    }));
    return { ...decision, reasons: [...decision.reasons, ...reasons] };
  }

  /** Brings a hold to where its answers and its time put it. `only`: nothing is done to another than that one. */
  async #settle(key: string, only?: string): Promise<StoredHold | null> {
    let reasons: Reason[] = [];
    return this.#change(
      key,
      async (hold) => {
        const now = Date.now();
        if (only !== undefined && hold.hold !== only) return { next: hold, told: [] };
        const isLive = hold.state === "open" || hold.state === "approved";
        if (!isLive || now >= hold.expires) return expire(hold, now);
        const inForce = this.#feed.inForce;
        const requester = commandOf(hold.command)?.principal;
        if (!inForce || !requester) return { next: hold, told: [] };
        const answers = await this.#bucket.answers(hold.hold);
        const givers = answers?.answers.map(({ principal }) => principal.id) ?? [];
        const revoked = await this.#bucket.revoked(givers);
        const { decided, approvers, denials } = standing(
          hold,
          requester,
          answers,
          inForce.bundle.approvers,
          revoked,
        );
        // INVARIANT (I4, I7): what was approved and is not used yet falls with those who approved it.
        if (hold.state === "approved")
          return hold.approvers.some((one) => revoked.has(one))
            ? disown(hold, decided === "approve" ? approvers : null)
            : { next: hold, told: [] };
        if (decided === null) return { next: hold, told: [] };
        if (decided === "deny") {
          const policy = hold.conditions[0]?.policy ?? "";
          reasons = denials.map(({ principal, reason }) => ({
            policy,
            reason: `${principal} denied it${reason === "" ? "" : `: ${reason}`}`,
          }));
          return deny(hold, now);
        }
        const again = (waiting: Waiting): "same" | "else" =>
          this.#again(hold, waiting, inForce)?.key === hold.key ? "same" : "else";
        return approve(hold, { approvers, now, again, nextId: newHoldId() });
      },
      () => reasons,
    );
  }

  /** Applies a step by compare-and-set until nobody came between; then tells what it says. */
  async #change(
    key: string,
    step: (hold: Hold) => Step | Promise<Step>,
    reasons: () => readonly Reason[] = () => [],
  ): Promise<StoredHold | null> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const stored = await this.#bucket.hold(key);
      if (!stored) return null;
      const { next, told } = await step(stored.hold);
      if (next === stored.hold) return stored;
      const revision = await this.#bucket.write(next, stored.revision);
      if (revision === null) continue;
      this.#watch(next);
      for (const one of told) this.#tell(one, stored.hold, reasons());
      return { hold: next, revision };
    }
    throw new Error("a hold is too busy");
  }

  #tell(told: Told, before: Hold, reasons: readonly Reason[]): void {
    const inForce = this.#feed.inForce;
    if (!inForce) return;
    const { trace } = commandOf(told.waiting.line ?? before.command) ?? {};
    const waiting = { ...told.waiting, trace };
    if (told.kind === "ended") {
      const state = told.hold.state === "denied" ? "denied" : "expired";
      const word: HoldWord = { hold: told.hold, state, final: true };
      this.#write(waiting, ofHold(before, reasons), inForce.under, word);
      return;
    }
    const again = this.#again(before, waiting, inForce);
    if (!again) return;
    const { decision } = again;
    if (told.kind === "moved") {
      // Where the policies ask for something else by now, the next answer will say so.
      if (again.key === before.key)
        this.#write(waiting, decision, inForce.under, {
          hold: told.hold,
          state: "open",
          final: false,
        });
    } else if (told.kind === "taken")
      this.#write(waiting, decision, inForce.under, {
        hold: told.hold,
        state: "taken",
        final: true,
      });
    else if (decision.decision === "deny" || decision.holds.length === 0)
      this.#write(waiting, decision, inForce.under);
    else
      this.#write(waiting, decision, inForce.under, {
        hold: before,
        state: "withdrawn",
        final: true,
      });
  }

  /** Judges a command that waits under the policies of this moment. */
  #again(
    hold: Hold,
    waiting: Waiting,
    { engine }: InForce,
  ): { decision: Decision; key: string | null } | null {
    const line = waiting.line ?? hold.command;
    const command = commandOf(line);
    if (!command || eventHash(line) !== waiting.hash) {
      this.#alarms.raise("hold-unreadable", "the command of a hold is not the one that waits", {
        hold: hold.hold,
        command: waiting.command,
      });
      return null;
    }
    const decision = engine.judge(command, Date.now());
    const held = decision.decision === "pass" && decision.holds.length > 0;
    return { decision, key: held ? bindingKey(command, decision.holds, engine) : null };
  }

  #write(
    waiting: Addressee,
    decision: Parameters<typeof verdictLine>[1],
    under: number,
    word?: HoldWord,
  ): void {
    const { trace } = waiting;
    const stamp = { time: Date.now(), revision: this.#feed.revision, under, trace };
    this.#writer.write(waiting, verdictLine(waiting, decision, stamp, word));
  }

  /** The bucket is bounded, so a hold that is long over makes room. */
  async #forget(stored: StoredHold | null): Promise<void> {
    if (!stored || isPending(stored.hold)) return;
    const { hold, revision } = stored;
    if (Date.now() < hold.expires + this.#retention) this.#watch(hold);
    else if (await this.#bucket.forget(hold.key, revision)) this.#room.free(hold.key);
  }

  /** Looks again when a hold's time is over; a process that starts anew is reminded by approval. */
  #watch(hold: Hold): void {
    const { key, expires } = hold;
    const principal = commandOf(hold.command)?.principal.id;
    if (principal === undefined || isAnswered(hold)) this.#room.free(key);
    else this.#room.keep(key, principal, hold.command);
    clearTimeout(this.#timers.get(key));
    const due = isPending(hold) ? expires : expires + this.#retention;
    const wait = Math.min(Math.max(0, due - Date.now()) + 1, 2 ** 31 - 1);
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.#work(key, async () => this.#forget(await this.#settle(key)));
    }, wait);
    timer.unref();
    this.#timers.set(key, timer);
  }

  #work(key: string, task: () => Promise<unknown>): void {
    const work = task()
      .then(
        () => {},
        (err: unknown) => {
          this.#log.error({ err, key }, "a hold could not go on");
        },
      )
      .finally(() => this.#working.delete(work));
    this.#working.add(work);
  }
}

const isPending = ({ state }: Hold): boolean => state === "open" || state === "approved";

const isAnswered = ({ state }: Hold): boolean =>
  state === "approved" || state === "used" || state === "denied";

const tooMany = ({ holds, policies }: Decision) => ({
  decision: "deny" as const,
  reasons: holds.map(({ policy }) => ({
    policy,
    reason:
      "too much of this principal waits for an answer already: have people answer, or ask later",
  })),
  masks: [],
  holds: [],
  policies,
  shadow: [],
});

const commandOf = (line: string): Command | undefined =>
  Command.safeParse(parseLine(Buffer.from(line, "utf8"))).data;

const ofHold = (hold: Hold, reasons: readonly Reason[]) => ({
  decision: "pass" as const,
  reasons,
  masks: hold.masks,
  holds: hold.conditions,
  policies: hold.conditions.map(({ policy }) => policy),
  shadow: [],
});
