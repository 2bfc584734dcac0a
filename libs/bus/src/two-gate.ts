import type { Msg, Subscription } from "@nats-io/transport-node";
import {
  EventLines,
  subjects,
  type CommandId,
  type HoldId,
  type Verdict,
} from "@sallyport/contracts";
import type { Bus } from "./connect.ts";
import { InFlight } from "./in-flight.ts";
import { holdAfter, readVerdict, type VerdictCode } from "./read-verdict.ts";
import type { Lane, Recorded } from "./record-lane.ts";
import { VerdictMemory } from "./verdict-memory.ts";
import { readVerdictMessage } from "./verdict-message.ts";

export type RecordCode = (Recorded & { kind: "closed" })["code"];
export type PolicyCode =
  | VerdictCode
  | "policy-absent"
  | "verdict-mismatch"
  | "verdict-stale"
  | "cancelled"
  | "bus-lost";

/** What the two gates said. After `held` at least one more comes; after the others none. */
export type GateOutcome =
  | {
      readonly kind: "open";
      readonly verdict: Verdict;
      readonly verdictHash: string;
      /** Where the record has the command's message. */
      readonly seq: number;
    }
  | {
      readonly kind: "held";
      readonly verdict: Verdict;
      readonly verdictHash: string;
      /** Milliseconds since the epoch: when its wait ends. */
      readonly until: number;
      /** The hold that it waited on until an approval of that one passed another command. */
      readonly before: HoldId | null;
    }
  | ({
      readonly kind: "closed";
      /** The last verdict heard, if any: with one that opened a hold, policy is owed a release. */
      readonly verdict: Verdict | null;
      readonly verdictHash: string | null;
    } & (
      | { readonly gate: "record"; readonly code: RecordCode }
      | { readonly gate: "policy"; readonly code: PolicyCode }
    ));

export interface GateRequest {
  readonly command: CommandId;
  /** `eventHash` of the line. */
  readonly hash: string;
  /** Milliseconds since the epoch; the same as in the line. */
  readonly deadline: number;
  /** Whose command it is: a session. */
  readonly sender: string;
}

/** Hears how commands fare at the gates, for telemetry; what it does changes nothing. */
export interface GateWatch {
  /** The command was published. */
  asked(command: CommandId): void;
  /** The record gate is open. */
  stored(command: CommandId): void;
  /** A verdict came, the final one of a hold too. */
  judged(command: CommandId, verdict: Verdict): void;
  told(command: CommandId, outcome: GateOutcome): void;
}

export interface TwoGatesOptions {
  readonly bus: Bus;
  /** The lane of this worker's commands and events. */
  readonly lane: Lane;
  readonly watch?: GateWatch | null;
}

const sweepEvery = 20;
const missesBeforeProbing = 3;
const probeEvery = 1000;

/** A command that waits for its gates. */
interface Waiting extends GateRequest {
  readonly tell: (outcome: GateOutcome) => void;
  /** 0 until the record gate is open. */
  seq: number;
  verdict: Verdict | null;
  verdictHash: string | null;
  /** Hashes of the verdicts before it. */
  earlier: readonly string[];
  state: "unjudged" | "passed" | "held";
  /** The hold of which the outcome `held` was told last, and until when its wait lasts (milliseconds since the epoch). */
  toldHeld: HoldId | null;
  heldUntil: number;
  /** By `performance.now()`, so that a clock that is set moves no wait: when the gates must have answered, and people. */
  readonly due: number;
  heldDue: number;
  /** Whether the hold's own time is over then. */
  expires: boolean;
}

const none: readonly string[] = [];
/** Holds that a command waits on one after the other, at most: more than policy lets wait on one hold. */
const mostHolds = 32;

/**
 * One publish, two answers: the record's acknowledgement and policy's verdict, in either order. Whatever is missing,
 * late, unreadable or does not fit leaves the command refused (I1, I2).
 */
export class TwoGates {
  readonly #bus: Bus;
  readonly #lane: Lane;
  readonly #watch: GateWatch | null;
  readonly #subject: string;
  readonly #subscription: Subscription;
  readonly #sweeper: NodeJS.Timeout;
  readonly #endStatus: () => void;
  readonly #waiting = new InFlight<Waiting>();
  readonly #memory = new VerdictMemory();
  readonly #lines = new EventLines();
  #revision = 0;
  #misses = 0;
  #probed = 0;
  #late = 0;

  constructor({ bus, lane, watch = null }: TwoGatesOptions) {
    this.#bus = bus;
    this.#lane = lane;
    this.#watch = watch;
    this.#subject = subjects.record(bus.credentials.partition, bus.user, "verdict");
    this.#subscription = bus.subscribe(this.#subject, (message) => this.#hear(message));
    this.#sweeper = setInterval(() => this.#sweep(performance.now()), sweepEvery);
    this.#sweeper.unref();
    this.#endStatus = bus.onStatus((status) => {
      if (status === "disconnected") this.#busLost();
    });
  }

  /** The highest policy revision seen; a command carries it. */
  get revision(): number {
    return this.#revision;
  }

  /** A newer revision was heard of elsewhere; verdicts under older ones are refused from now on. */
  see(revision: number): void {
    if (revision > this.#revision) this.#revision = revision;
  }

  /** The bundle's revisions began again: from now on a verdict counts that was judged under `revision` or a later one. */
  setBack(revision: number): void {
    this.#revision = revision;
  }

  get counts(): { waiting: number; misses: number; late: number } {
    return { waiting: this.#waiting.size, misses: this.#misses, late: this.#late };
  }

  /** Whether policy has been silent so often that only a probe a second is published. */
  get probing(): boolean {
    return this.#misses >= missesBeforeProbing;
  }

  /**
   * Publishes a command's line and tells what the gates say: `open` or `closed` once, `held` before that for each hold
   * that it waits on; never before this returns. A command that is refused unpublished is recorded as an event.
   */
  request(line: string, request: GateRequest, tell: (outcome: GateOutcome) => void): void {
    const now = performance.now();
    if (!this.#bus.connected || (this.probing && now - this.#probed < probeEvery)) {
      const outcome = this.#bus.connected
        ? ({ gate: "policy", code: "policy-absent" } as const)
        : ({ gate: "record", code: "bus-lost" } as const);
      this.#lane.event(line);
      setImmediate(tell, { kind: "closed", verdict: null, verdictHash: null, ...outcome });
      return;
    }
    if (this.probing) this.#probed = now;
    const waiting: Waiting = {
      ...request,
      tell,
      seq: 0,
      verdict: null,
      verdictHash: null,
      earlier: none,
      state: "unjudged",
      toldHeld: null,
      heldUntil: 0,
      due: now + request.deadline - Date.now(),
      heldDue: 0,
      expires: false,
    };
    this.#waiting.set(request.command, waiting);
    this.#watch?.asked(request.command);
    this.#lane.command(
      line,
      waiting.due,
      (recorded) => this.#recorded(waiting, recorded),
      request.sender,
    );
  }

  /** Ends a command's wait: closed, `cancelled`. False when it waits no longer. */
  cancel(command: CommandId): boolean {
    const waiting = this.#waiting.get(command);
    if (waiting === undefined) return false;
    this.#close(waiting, "policy", "cancelled");
    return true;
  }

  /** Refuses what waits and listens no longer. */
  stop(): void {
    clearInterval(this.#sweeper);
    this.#endStatus();
    this.#subscription.unsubscribe();
    this.#busLost();
  }

  #recorded(waiting: Waiting, recorded: Recorded): void {
    if (!this.#isWaiting(waiting)) return;
    switch (recorded.kind) {
      case "stored":
        waiting.seq = recorded.seq;
        this.#watch?.stored(waiting.command);
        this.#proceed(waiting);
        return;
      case "closed":
        this.#close(waiting, "record", recorded.code);
        return;
    }
  }

  #hear(message: Msg): void {
    const heard = readVerdictMessage(message, this.#subject, this.#lines);
    if ("why" in heard) return this.#alarm(heard.alarm, "a message is no verdict", heard);
    for (const { verdict, hash } of heard.verdicts) this.#judged(verdict, hash);
  }

  #judged(verdict: Verdict, hash: string): void {
    const waiting = this.#waiting.get(verdict.command);
    if (waiting === undefined) return this.#judgedLate(verdict, hash);
    if (waiting.verdictHash === hash || waiting.earlier.includes(hash)) return;
    const after = waiting.verdict === null ? "none" : holdAfter(waiting.verdict, verdict);
    if (after === "earlier") {
      this.#late++;
      return;
    }
    const isNext = after === "next" && waiting.earlier.length < mostHolds;
    const due =
      waiting.state === "unjudged" || (waiting.state === "held" && (verdict.final || isNext));
    if (waiting.verdictHash !== null) waiting.earlier = [...waiting.earlier, waiting.verdictHash];
    waiting.verdict = verdict;
    waiting.verdictHash = hash;
    this.#misses = 0;
    this.#watch?.judged(verdict.command, verdict);
    if (!due) return this.#mismatch(waiting, "a second verdict came where none was due");
    if (verdict.hash !== waiting.hash)
      return this.#mismatch(waiting, "a verdict is of another text than the command's");
    if (verdict.revision < this.#revision) return this.#close(waiting, "policy", "verdict-stale");
    this.#revision = verdict.revision;
    const reading = readVerdict(verdict);
    switch (reading.kind) {
      case "open":
        waiting.state = "passed";
        return this.#proceed(waiting);
      case "held":
        if (waiting.state === "unjudged") {
          // By policy's clock alone: this one's may be another.
          const left = (verdict.hold?.expires ?? 0) - verdict.time;
          const wait = Math.min(left, ...verdict.holds.map((hold) => hold.wait));
          waiting.heldUntil = Date.now() + wait;
          waiting.heldDue = performance.now() + wait;
          waiting.expires = wait === left;
        }
        waiting.state = "held";
        return this.#proceed(waiting);
      case "closed":
        return this.#close(waiting, "policy", reading.code);
      case "malformed":
        return this.#mismatch(waiting, "a verdict contradicts itself");
    }
  }

  /** A verdict for a command that waits no longer: late, repeated, of an earlier run, or one too many. */
  #judgedLate(verdict: Verdict, hash: string): void {
    this.#misses = 0;
    const heard = this.#memory.get(verdict.command);
    if (heard?.hash === hash || heard?.earlier.includes(hash) === true) return;
    const held = readVerdict(verdict).kind === "held";
    // Told by one process of policy, and overtaken by the word of another that came after it.
    const overtaken = held && heard?.hold != null && heard.hold === verdict.hold?.key;
    if (heard !== undefined && !heard.due && !overtaken)
      return this.#alarm("verdict-second", "a second verdict came where none was due", {
        command: verdict.command,
      });
    this.#late++;
    if (heard === undefined || overtaken) return;
    const earlier = heard.hash === null ? heard.earlier : [...heard.earlier, heard.hash];
    const hold = verdict.hold?.key ?? heard.hold;
    this.#memory.set(verdict.command, { hash, earlier, due: held, hold }, performance.now());
  }

  /** Goes on when both gates have answered. */
  #proceed(waiting: Waiting): void {
    const { verdict, verdictHash, seq, state } = waiting;
    if (seq === 0 || verdict === null || verdictHash === null) return;
    if (state === "passed") {
      this.#forget(waiting, false);
      this.#tell(waiting, Object.freeze({ kind: "open", verdict, verdictHash, seq }));
    } else if (state === "held" && verdict.hold && waiting.toldHeld !== verdict.hold.id) {
      const { toldHeld: before, heldUntil: until } = waiting;
      waiting.toldHeld = verdict.hold.id;
      this.#tell(waiting, Object.freeze({ kind: "held", verdict, verdictHash, until, before }));
    }
  }

  #mismatch(waiting: Waiting, message: string): void {
    const second = waiting.state !== "unjudged";
    this.#alarm(second ? "verdict-second" : "verdict-mismatch", message, {
      command: waiting.command,
    });
    this.#close(waiting, "policy", "verdict-mismatch");
  }

  #close(waiting: Waiting, gate: "record", code: RecordCode): void;
  #close(waiting: Waiting, gate: "policy", code: PolicyCode): void;
  #close(waiting: Waiting, gate: "record" | "policy", code: RecordCode | PolicyCode): void {
    if (!this.#isWaiting(waiting)) return;
    const { verdict, verdictHash, state } = waiting;
    this.#forget(waiting, verdict === null || (state === "held" && !verdict.final));
    const outcome = { kind: "closed", gate, code, verdict, verdictHash } as GateOutcome;
    this.#tell(waiting, Object.freeze(outcome));
  }

  #tell(waiting: Waiting, outcome: GateOutcome): void {
    this.#watch?.told(waiting.command, outcome);
    waiting.tell(outcome);
  }

  #isWaiting(waiting: Waiting): boolean {
    return this.#waiting.get(waiting.command) === waiting;
  }

  #forget({ command, verdict, verdictHash: hash, earlier }: Waiting, due: boolean): void {
    this.#waiting.delete(command);
    this.#memory.set(
      command,
      { hash, earlier, due, hold: verdict?.hold?.key ?? null },
      performance.now(),
    );
  }

  #sweep(now: number): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.seq === 0) {
        if (waiting.due <= now) this.#close(waiting, "record", "record-unreachable");
      } else if (waiting.state === "held") {
        if (waiting.heldDue <= now)
          this.#close(waiting, "policy", waiting.expires ? "hold-expired" : "hold-open");
      } else if (waiting.due <= now) {
        this.#misses++;
        if (this.#misses === missesBeforeProbing) {
          this.#probed = now;
          this.#bus.log.warn({}, "policy is silent: one command a second asks for it");
        }
        this.#close(waiting, "policy", "policy-absent");
      }
    }
  }

  #busLost(): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.seq === 0) this.#close(waiting, "record", "bus-lost");
      else this.#close(waiting, "policy", "bus-lost");
    }
  }

  #alarm(alarm: string, message: string, fields: object): void {
    this.#bus.alarms.raise(alarm, message, fields);
  }
}
