import { parseLine, splitLines, suspicion, takeMessages, type Bus } from "@sallyport/bus";
import {
  Command,
  EventLines,
  Judge,
  lastToken,
  otherVersion,
  parseRecordSubject,
  queues,
  Release,
  subjects,
} from "@sallyport/contracts";
import type { Alarms, Log } from "@sallyport/runtime";
import type { BundleFeed } from "./bundle-feed.ts";
import { CameCommand } from "./came-command.ts";
import type { Came, HoldKeeper } from "./holds/keeper.ts";
import { verdictLine } from "./verdict.ts";
import type { VerdictWriter } from "./verdict-writer.ts";

/** Hears of judgements, for telemetry. */
export interface JudgingWatch {
  /** `began` by performance.now(). Gives the `traceparent` of the judgement. */
  judged(
    command: Command,
    how: { readonly decision: "pass" | "deny" | "hold"; began: number; remembered: boolean },
  ): string | undefined;
  /** It was past its deadline. */
  late(): void;
}

export interface JudgingOptions {
  readonly bus: Bus;
  readonly feed: BundleFeed;
  readonly holds: HoldKeeper;
  readonly writer: VerdictWriter;
  readonly log: Log;
  readonly alarms: Alarms;
  readonly watch?: JudgingWatch | null;
}

type Message = Parameters<typeof suspicion>[0];

/** Listens in policy's queue group and judges what comes. What cannot be read is an alarm and gets no answer (I2). */
export class Judging {
  readonly #options: JudgingOptions;
  readonly #lines = new EventLines();
  readonly #subscriptions: readonly { unsubscribe(): void; drain(): Promise<void> }[];
  #judged = 0;
  #denied = 0;
  #held = 0;
  #late = 0;
  #microseconds = 0;

  constructor(options: JudgingOptions) {
    this.#options = options;
    const { bus, holds } = options;
    const { policy } = queues;
    this.#subscriptions = [
      bus.subscribe(subjects.commands, (message) => this.#commands(message), policy),
      takeMessages(bus, subjects.judge, Judge, (judge) => holds.judge(judge), policy),
      takeMessages(
        bus,
        subjects.releases,
        Release,
        (released, { subject }) => holds.release(released, lastToken(subject)),
        policy,
      ),
    ];
  }

  get counts(): Readonly<Record<string, number>> {
    return {
      judged: this.#judged,
      denied: this.#denied,
      held: this.#held,
      late: this.#late,
      microseconds: Math.round(this.#microseconds),
    };
  }

  /** Takes nothing new, and lets go of what is on its way to this process. */
  async stop(): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.drain()));
  }

  #commands(message: Message): void {
    const place = parseRecordSubject(message.subject);
    const why =
      place?.kind === "command" ? suspicion(message, message.subject) : "it is of no worker";
    const lines = splitLines(message.data);
    if (!place || why !== null || lines === null) {
      const { subject } = message;
      this.#alarm("command-forged", "a message holds no commands", {
        subject,
        why: why ?? "it is not lines of events",
      });
      return;
    }
    for (const line of lines) {
      const command = isResult(line) ? null : this.#read(line, message.subject);
      if (command) this.#take(new CameCommand(command, line, place.partition, place.writer));
    }
  }

  /** Null for an event of another type that travels with commands. */
  #read(line: Uint8Array, subject: string): Command | null {
    const known = this.#lines.read(line);
    if (known) return known.type === "command" ? known : null;
    const value = parseLine(line);
    if (isOther(value)) return null;
    const command = Command.safeParse(value);
    if (command.success) return command.data;
    this.#alarm("command-unreadable", "a command cannot be read", {
      subject,
      why: otherVersion(value) ?? "its form",
      problems: command.error.issues.slice(0, 3).map(({ path, message: problem }) => ({
        at: path.join("."),
        problem,
      })),
    });
    return null;
  }

  /** Judges now, or after the bucket was read when the worker has seen a newer bundle. */
  #take(came: Came): void {
    const { feed, log } = this.#options;
    const { revision, command } = came.command;
    if (revision <= feed.revision) {
      this.#decide(came);
      return;
    }
    void feed.catchUp(revision).then(() => {
      if (revision <= feed.revision) this.#decide(came);
      else log.warn({ command, revision, read: feed.revision }, "the bucket lacks that revision");
    });
  }

  /** A judgement that fails gets no answer, and stands in no other's way. */
  #decide(came: Came): void {
    try {
      this.#answer(came);
    } catch (err) {
      const { command } = came.command;
      this.#options.log.error({ err, command }, "a command could not be judged");
    }
  }

  #answer(came: Came): void {
    const { feed, holds, writer, log, watch } = this.#options;
    const { command } = came;
    const now = Date.now();
    if (now > command.deadline) {
      this.#late++;
      watch?.late();
      return;
    }
    const inForce = feed.inForce;
    if (!inForce) {
      log.warn({ command: command.command }, "no bundle is in force: no answer");
      return;
    }
    const { engine } = inForce;
    const { remembered } = engine;
    const began = performance.now();
    const decision = engine.judge(command, now);
    this.#microseconds += (performance.now() - began) * 1000;
    this.#judged++;
    const held = decision.decision === "pass" && decision.holds.length > 0;
    const trace =
      watch?.judged(command, {
        decision: held ? "hold" : decision.decision,
        began,
        remembered: engine.remembered > remembered,
      }) ?? command.trace;
    if (held) {
      this.#held++;
      holds.meet(came, decision, inForce);
      return;
    }
    if (decision.decision === "deny") this.#denied++;
    const subject = { session: command.session, command: command.command, hash: came.hash };
    const stamp = { time: now, revision: feed.revision, under: inForce.under, trace };
    writer.write(came, verdictLine(subject, decision, stamp));
  }

  #alarm(alarm: string, text: string, fields: object): void {
    this.#options.alarms.raise(alarm, text, fields);
  }
}

/** Results come with nearly every command, and begin as their writer begins them: nothing is judged of them. */
const resultBeginning = Buffer.from('{"v":1,"type":"result",');
const isResult = (line: Uint8Array): boolean =>
  resultBeginning.equals(line.subarray(0, resultBeginning.length));

/** An event of another type that travels with commands. */
const isOther = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  "type" in value &&
  typeof value.type === "string" &&
  value.type !== "command" &&
  others.has(value.type);

const others: ReadonlySet<string> = new Set(["open", "refused", "result", "own", "close"]);
