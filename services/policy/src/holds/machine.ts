import type { Hold, HoldCondition, HoldId, Mask, Release, Waiting } from "@sallyport/contracts";

/**
 * The way of a hold, without I/O: each step takes what the bucket holds and gives what it should hold next, and what
 * is said to which command once that is written. `next` is the same object where nothing changes.
 */
export interface Step {
  readonly next: Hold;
  readonly told: readonly Told[];
}

/** What a command that waits is told: its final word, or that it waits on the next hold of its key. */
export type Told =
  | { readonly kind: "taken"; readonly waiting: Waiting; readonly hold: Hold }
  | { readonly kind: "ended"; readonly waiting: Waiting; readonly hold: Hold }
  | { readonly kind: "moved"; readonly waiting: Waiting; readonly hold: Hold }
  /** The policies of this moment no longer ask for this hold: they say something else. */
  | { readonly kind: "judged"; readonly waiting: Waiting };

/** What a command that meets a hold is told at once. */
export type Met =
  | { readonly kind: "taken"; readonly next: Hold }
  | { readonly kind: "waits"; readonly next: Hold }
  /** It may not wait; its hold is open for the next one like it. */
  | { readonly kind: "open"; readonly next: Hold };

/** A command that asks for something that a person must approve. */
export interface Asking {
  readonly key: string;
  readonly id: HoldId;
  readonly conditions: readonly HoldCondition[];
  readonly masks: readonly Mask[];
  /** The command event's line as it was published. */
  readonly line: string;
  readonly waiting: Omit<Waiting, "until" | "line">;
  readonly mayWait: boolean;
  readonly now: number;
}

/** So many wait on one hold, and so many characters of their lines are kept in it, at most. */
const waitingLimit = 8;
const linesLimit = 1024 * 1024;

/** A hold that nobody can answer or take any more makes room for a new one. */
const isSettled = (hold: Hold, now: number): boolean =>
  (hold.state !== "open" && hold.state !== "approved") || now >= hold.expires;

/** A command meets the hold of its key: it takes an approval that is there, joins the open hold, or opens one. */
export function meet(hold: Hold | null, asking: Asking): Met {
  const { now, waiting } = asking;
  const { command } = waiting;
  if (hold?.state === "used" && hold.usedBy === command) return { kind: "taken", next: hold };
  if (hold === null || isSettled(hold, now)) {
    const opened = open(asking);
    return { kind: asking.mayWait ? "waits" : "open", next: opened };
  }
  if (hold.state === "approved")
    return { kind: "taken", next: { ...hold, state: "used", usedBy: command, waiting: [] } };
  if (hold.waiting.some((other) => other.command === command)) return { kind: "waits", next: hold };
  const others = hold.waiting.filter(({ until }) => until > now);
  const kept = others.reduce((sum, { line = "" }) => sum + line.length, asking.line.length);
  if (!asking.mayWait || others.length >= waitingLimit || kept > linesLimit)
    return { kind: "open", next: hold };
  const until = waitsUntil(asking, hold.expires);
  return {
    kind: "waits",
    next: { ...hold, waiting: [...others, { ...waiting, until, line: asking.line }] },
  };
}

function open(asking: Asking): Hold {
  const { key, id, conditions, masks, line, waiting, mayWait, now } = asking;
  const expires = now + Math.min(...conditions.map(({ ttl }) => ttl));
  return {
    v: 1,
    type: "hold",
    hold: id,
    key,
    state: "open",
    opened: now,
    expires,
    conditions: [...conditions],
    masks: [...masks],
    command: line,
    partition: waiting.partition,
    worker: waiting.worker,
    waiting: mayWait ? [{ ...waiting, until: waitsUntil(asking, expires) }] : [],
    approvers: [],
  };
}

const waitsUntil = ({ conditions, now }: Asking, expires: number): number =>
  Math.min(expires, now + Math.min(...conditions.map(({ wait }) => wait)));

/** Those who still wait are told that the hold is over. */
const end = (hold: Hold, state: "denied" | "expired", now: number): Step => {
  const next: Hold = { ...hold, state, waiting: [] };
  const waiting = hold.waiting.filter(({ until }) => until > now || state === "expired");
  return { next, told: waiting.map((one) => ({ kind: "ended", waiting: one, hold: next })) };
};

/** One of the people asked said no. */
export const deny = (hold: Hold, now: number): Step =>
  hold.state === "open" ? end(hold, "denied", now) : unchanged(hold);

/** Who approved it may no longer, and nobody has taken it yet: it is the others' now, or, where they are too few, nobody's. */
export function disown(hold: Hold, others: readonly string[] | null): Step {
  if (hold.state !== "approved") return unchanged(hold);
  return others === null
    ? { next: { ...hold, state: "withdrawn", waiting: [] }, told: [] }
    : { next: { ...hold, approvers: [...others] }, told: [] };
}

/** Its time may be over. */
export const expire = (hold: Hold, now: number): Step =>
  (hold.state === "open" || hold.state === "approved") && now >= hold.expires
    ? end(hold, "expired", now)
    : unchanged(hold);

export interface Approving {
  readonly approvers: readonly string[];
  readonly now: number;
  /** What the policies of this moment say to a command that waits: this very hold, or something else. */
  readonly again: (waiting: Waiting) => "same" | "else";
  readonly nextId: HoldId;
}

/**
 * Every condition is met. One answer passes one command: the first that waits takes it, and the others open the next
 * hold under the same key and are told of it. When nobody waits, it stays for the next same command.
 */
export function approve(hold: Hold, { approvers, now, again, nextId }: Approving): Step {
  if (hold.state !== "open" || now >= hold.expires) return expire(hold, now);
  const waiting = hold.waiting.filter(({ until }) => until > now);
  const approved: Hold = { ...hold, state: "approved", approvers: [...approvers], waiting: [] };
  const judged = waiting
    .filter((one) => again(one) === "else")
    .map((one): Told => ({ kind: "judged", waiting: one }));
  const [first, ...others] = waiting.filter((one) => again(one) === "same");
  if (!first) return { next: approved, told: judged };
  const used: Hold = { ...approved, state: "used", usedBy: first.command };
  const told: Told[] = [{ kind: "taken", waiting: first, hold: used }, ...judged];
  const [second, ...rest] = others;
  if (!second) return { next: used, told };
  const { line = hold.command, ...opener } = second;
  const next: Hold = {
    ...hold,
    hold: nextId,
    opened: now,
    expires: now + Math.min(...hold.conditions.map(({ ttl }) => ttl)),
    command: line,
    partition: second.partition,
    worker: second.worker,
    waiting: [opener, ...rest.map((one) => ({ line: hold.command, ...one }))],
  };
  return {
    next,
    told: [...told, ...others.map((one): Told => ({ kind: "moved", waiting: one, hold: next }))],
  };
}

/** What a worker says of one of its commands. */
export type Released = Pick<Release, "command" | "hold" | "why"> & {
  readonly worker: string;
  readonly now: number;
};

/** A command waits no longer, or gives back what it took because it was never sent. */
export function release(hold: Hold, { command, hold: id, why, worker, now }: Released): Step {
  const withdraws = why === "cancelled";
  if (hold.state === "used" && hold.usedBy === command && hold.hold === id) {
    const { usedBy: _usedBy, ...given } = hold;
    const state = withdraws ? "withdrawn" : now >= hold.expires ? "expired" : "approved";
    return { next: { ...given, state }, told: [] };
  }
  // By command only: those who wait move on to the next hold, and may not have heard its id yet.
  const isIt = (one: Waiting): boolean => one.command === command && one.worker === worker;
  if (hold.state !== "open") return unchanged(hold);
  if (!hold.waiting.some(isIt)) {
    // One that may not wait has opened it, and is not to be answered any more.
    const opened = hold.hold === id && hold.worker === worker && isOpenedBy(hold, command);
    return withdraws && opened && hold.waiting.every(({ until }) => until <= now)
      ? { next: { ...hold, waiting: [], state: "withdrawn" }, told: [] }
      : unchanged(hold);
  }
  const waiting = hold.waiting.filter((one) => !isIt(one) && one.until > now);
  const state = withdraws && waiting.length === 0 ? "withdrawn" : "open";
  return { next: { ...hold, waiting, state }, told: [] };
}

/** Within its line, no text of others holds quotes that are not escaped. */
const isOpenedBy = ({ command: line }: Hold, command: string): boolean =>
  line.includes(`,"command":"${command}",`);

const unchanged = (hold: Hold): Step => ({ next: hold, told: [] });
