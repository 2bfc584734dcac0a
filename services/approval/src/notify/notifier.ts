import { createHash } from "node:crypto";
import type { Notice } from "@sallyport/contracts";
import type { Log } from "@sallyport/runtime";
import type { Approvers } from "../answers.ts";
import type { Board, Pinned } from "../board.ts";
import type { Buckets } from "../buckets.ts";
import type { StoredNotice } from "../notices.ts";
import { waitAfter } from "./back-off.ts";
import { eventsOf, type HoldEvent } from "./hold-events.ts";
import { messageOf } from "./message.ts";
import { nextStep } from "./next-step.ts";
import { post, type Outcome } from "./post.ts";
import type { Receiver } from "./receiver.ts";
import { signatureOf } from "./signature.ts";
import { Tally } from "./tally.ts";

export interface NotifierParts {
  readonly receivers: readonly Receiver[];
  readonly board: Board;
  readonly buckets: Buckets;
  readonly log: Log;
  /** Whether the bus is there. */
  readonly connected: () => boolean;
}

/** One receiver has so many attempts on their way at most. */
const atOnce = 4;
/** How long a claim outlives the attempt that it is for (ms). */
const spare = 5000;
/** How long after a change or a lost claim is looked again, and how long at most without either (ms). */
const lookSoon = 20;
const lookAgain = 1000;
/** How long a delivery rests of which the bus took no note (ms). */
const unwritten = 10_000;

interface Delivery {
  readonly receiver: Receiver;
  readonly pinned: Pinned;
  readonly event: HoldEvent;
}

/**
 * Tells webhooks of holds. What is told and what is not stands in the bucket, so any process of the service goes on
 * where another ended. INVARIANT: an attempt is made only by who claimed it by compare-and-set, and every attempt
 * carries the event's id: a receiver hears an event twice only when a process ends in between.
 */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #tallies = new Map<string, Tally>();
  /** What this process is at, by delivery; and until when it leaves alone what another claimed (ms). */
  readonly #working = new Map<string, Promise<void>>();
  readonly #left = new Map<string, number>();
  readonly #busy = new Map<string, number>();
  readonly #ending = new AbortController();
  readonly #endChanges: () => void;
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    for (const { name } of parts.receivers) this.#tallies.set(name, new Tally());
    this.#endChanges = parts.board.onChange(() => this.#lookBy(Date.now() + lookSoon));
    this.#lookBy(Date.now());
  }

  /** By webhook, for the health page. */
  get status(): Readonly<Record<string, ReturnType<Tally["status"]>>> {
    const { notices } = this.#parts.board;
    return Object.fromEntries(
      [...this.#tallies].map(([name, tally]) => [name, tally.status(notices.undelivered(name))]),
    );
  }

  /** Attempts on their way may end within `patience` ms; what is cut off then is told by the next process. */
  async stop(patience: number): Promise<void> {
    this.#endChanges();
    clearTimeout(this.#timer);
    this.#due = -Infinity;
    const late = setTimeout(() => this.#ending.abort(), patience);
    await Promise.all(this.#working.values());
    clearTimeout(late);
  }

  #lookBy(time: number): void {
    if (this.#parts.receivers.length === 0 || time >= this.#due) return;
    this.#due = time;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), Math.max(0, time - Date.now()));
    this.#timer.unref();
  }

  #look(): void {
    this.#due = Infinity;
    const now = Date.now();
    this.#lookBy(now + lookAgain);
    if (!this.#parts.connected()) return;
    for (const [delivery, until] of this.#left)
      if (until <= performance.now()) this.#left.delete(delivery);
    for (const delivery of this.#dueAt(now)) {
      const { receiver } = delivery;
      if ((this.#busy.get(receiver.name) ?? 0) < atOnce) this.#begin(delivery);
    }
  }

  /** What is to be told or given up now, the oldest first. */
  #dueAt(now: number): Delivery[] {
    const { board, receivers } = this.#parts;
    const due: Delivery[] = [];
    for (const pinned of [...board.all(), ...board.replaced()]) {
      const events = eventsOf(pinned, now);
      for (const receiver of receivers) {
        const told = (event: HoldEvent) => this.#stored({ receiver, pinned, event })?.notice;
        const step = nextStep(events, told, now);
        if (step.kind === "wait") this.#lookBy(step.until);
        else if (step.kind !== "nothing") due.push({ receiver, pinned, event: step.event });
      }
    }
    return due.toSorted((a, b) => a.event.time - b.event.time);
  }

  #stored({ receiver, pinned, event }: Delivery): StoredNotice | undefined {
    return this.#parts.board.notices.find(pinned.held.hold.hold, receiver.name, event.id);
  }

  #begin(delivery: Delivery): void {
    const { receiver, event } = delivery;
    const id = deliveryId(receiver, event);
    if (this.#working.has(id) || this.#left.has(id)) return;
    this.#busy.set(receiver.name, (this.#busy.get(receiver.name) ?? 0) + 1);
    // The board hears of what was written a moment later.
    let leave = lookAgain;
    const work = this.#deliver(delivery, id)
      .catch((err: unknown) => {
        leave = unwritten;
        const fields = { err, ...said(delivery) };
        this.#parts.log.warn(fields, "how far a webhook is told could not be written");
      })
      .finally(() => {
        this.#working.delete(id);
        this.#busy.set(receiver.name, (this.#busy.get(receiver.name) ?? 1) - 1);
        this.#left.set(id, performance.now() + leave);
        if (this.#due !== -Infinity) this.#lookBy(Date.now() + lookSoon);
      });
    this.#working.set(id, work);
  }

  async #deliver(delivery: Delivery, id: string): Promise<void> {
    const { buckets } = this.#parts;
    const { receiver, pinned, event } = delivery;
    const now = Date.now();
    const before = this.#stored(delivery);
    const claim: Notice = {
      v: 1,
      type: "notice",
      hold: pinned.held.hold.hold,
      webhook: receiver.name,
      event: event.id,
      what: event.what,
      time: event.time,
      ...before?.notice,
      delivery: id,
      state: "sending",
      attempts: (before?.notice.attempts ?? 0) + 1,
      due: now + receiver.timeout + spare,
    };
    if (now >= event.until) return this.#giveUp(delivery, claim, before);
    const approvers = await buckets.approvers();
    const revision = await buckets.putNotice(claim, before?.revision ?? 0);
    if (revision === null) return;
    const { problem: _before, ...sent } = claim;
    const outcome = await this.#attempt(
      { ...delivery, event: { ...event, time: claim.time } },
      approvers,
    );
    const after = this.#after(delivery, sent, outcome);
    if ((await buckets.putNotice(after, revision)) === null)
      this.#parts.log.warn(said(delivery), "another process told a webhook at the same time");
  }

  async #attempt({ receiver, pinned, event }: Delivery, approvers: Approvers): Promise<Outcome> {
    const { board } = this.#parts;
    const { hold } = pinned.held.hold;
    let keys: readonly Buffer[];
    try {
      keys = receiver.keys();
    } catch {
      return { kind: "failed", problem: "its secret cannot be read", again: true, after: 0 };
    }
    const latest = board.find(hold) ?? board.findReplaced(hold) ?? pinned;
    const body = JSON.stringify(messageOf(event, latest, approvers, Date.now()));
    const timestamp = Math.floor(Date.now() / 1000);
    const headers = {
      "webhook-id": event.id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signatureOf(keys, { id: event.id, timestamp, body }),
    };
    return post(receiver, { headers, body }, this.#ending.signal);
  }

  /** What the attempt came to, logged and counted. */
  #after(delivery: Delivery, sent: Notice, outcome: Outcome): Notice {
    const { log } = this.#parts;
    const tally = this.#tallies.get(delivery.receiver.name);
    const now = Date.now();
    const fields = { ...said(delivery), attempts: sent.attempts };
    if (outcome.kind === "delivered") {
      tally?.delivered();
      log.info(fields, "a webhook was told");
      return { ...sent, state: "delivered", due: now };
    }
    const { problem, again, after } = outcome;
    tally?.failed(problem, now);
    if (!again) {
      tally?.abandoned();
      log.error({ ...fields, problem }, "a webhook is not told");
      return { ...sent, state: "abandoned", due: now, problem };
    }
    const ended = this.#ending.signal.aborted;
    const wait = ended ? 0 : Math.max(after, waitAfter(sent.attempts, Math.random()));
    log.warn({ ...fields, problem, wait }, "a webhook could not be told");
    return { ...sent, state: "failed", due: now + wait, problem };
  }

  async #giveUp(
    delivery: Delivery,
    claim: Notice,
    before: StoredNotice | undefined,
  ): Promise<void> {
    const abandoned: Notice = { ...claim, state: "abandoned", attempts: claim.attempts - 1 };
    if ((await this.#parts.buckets.putNotice(abandoned, before?.revision ?? 0)) === null) return;
    this.#tallies.get(delivery.receiver.name)?.abandoned();
    const { attempts, problem } = abandoned;
    this.#parts.log.error({ ...said(delivery), attempts, problem }, "a webhook is told no more");
  }
}

const deliveryId = (receiver: Receiver, event: HoldEvent): string =>
  createHash("sha256").update(`${receiver.name}\n${event.id}`).digest("hex");

const said = ({ receiver, pinned, event }: Delivery) => ({
  webhook: receiver.name,
  hold: pinned.held.hold.hold,
  event: event.id,
});
