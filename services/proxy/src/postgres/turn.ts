import type { CommandId } from "@sallyport/contracts";
import type { TransactionStatus } from "@sallyport/pgwire";
import type { Refusal } from "./refusal.ts";
import type { CommandUnit } from "./statements.ts";

/**
 * `free`: the next unit may be taken. `working`: something must come first (analysis, catalog, names, a
 * transaction's end). `judging`, `held`: a command is at the gates. `copy`: whether COPY begins is open.
 */
export type Phase = "free" | "working" | "judging" | "held" | "copy" | "ended";

/** What the parts of a session ask of its loop. */
export interface Loop {
  /** Takes what can be taken now. */
  pump(): void;
  /** Nothing is owed by the target, and nothing went to it that has no Sync. */
  settled(): boolean;
  /** A step threw. */
  failed(cause: unknown): void;
  /** The session is over; `why` is told to the client, `reason` is recorded. */
  end(why: Refusal | null, reason: string): void;
}

/** Whose turn it is: where a session's loop stands, and what its parts must know of each other. */
export class Turn {
  phase: Phase = "free";
  status: TransactionStatus = "I";
  /** The command that is on its way to the target. */
  inHand: CommandUnit | null = null;
  atGate: CommandId | null = null;
  /** Others of the session that are at the gates: behind it, or such that will not be sent. */
  readonly aheadAtGates = new Set<CommandId>();
  /** Segments between two Syncs that are answered. */
  segments = 0;
  /** The open transaction has changed the schema. */
  ddl = false;
  /** A transaction was committed since the last ReadyForQuery; another one may be open by now. */
  committed = false;
  /** ReadyForQuery came and is held back until the catalog is new. */
  readyHeld = false;
  clientGone = false;
  readonly #loop: Loop;
  /** Those that the target would pass over by now. */
  readonly #passedOver = new WeakSet<CommandUnit>();
  #onBoundary: (() => void) | null = null;
  /** The client has asked to cancel it before it was sent. */
  #cancelled: CommandUnit | null = null;
  /** Settles when the target, too, has been told of that. */
  #told: Promise<void> | null = null;
  #leave: (() => void) | null = null;

  constructor(loop: Loop) {
    this.#loop = loop;
  }

  get ended(): boolean {
    return this.phase === "ended";
  }

  /** What was asked at the gates has its answers. */
  get answered(): boolean {
    return this.atGate === null && this.aheadAtGates.size === 0;
  }

  /** The target can be asked something of our own, and the client sees no part of it. */
  get atBoundary(): boolean {
    return !this.readyHeld && this.#loop.settled();
  }

  pump(): void {
    this.#loop.pump();
  }

  end(why: Refusal | null, reason: string): void {
    this.#loop.end(why, reason);
  }

  /** An answer that a unit waited for has come: goes on with it. */
  resumeWith(step: () => void): void {
    if (this.ended) return;
    this.phase = "free";
    try {
      step();
    } catch (cause) {
      this.#loop.failed(cause);
    }
    this.pump();
  }

  /**
   * The unit in hand waits for something that need not be waited for when the client cancels. Goes on with the first
   * step that what it gives is called with, or with `cancelled` if that comes first.
   */
  waitFor(cancelled: () => void): (step: () => void) => void {
    this.phase = "working";
    let over = false;
    const goOn = (step: () => void): void => {
      if (over) return;
      over = true;
      this.#leave = null;
      this.resumeWith(step);
    };
    this.#leave = () => goOn(cancelled);
    return goOn;
  }

  /** The client cancels the unit in hand, of which nothing was sent; `told` when the target hears of it, too. */
  cancel(told: Promise<void> | null): void {
    this.#cancelled = this.inHand;
    this.#told = told;
    void told?.finally(() => {
      if (this.#told === told) this.#told = null;
    });
    this.#leave?.();
  }

  isCancelled(unit: CommandUnit): boolean {
    return this.#cancelled === unit;
  }

  /** While the target is being told of a cancel, nothing is sent that it could hit. */
  get cancelling(): Promise<void> | null {
    return this.#told;
  }

  /** Goes on with it when nothing is owed any more. */
  waitForBoundary(step: () => void): void {
    this.phase = "working";
    this.#onBoundary = () => this.resumeWith(step);
  }

  /** Nothing is owed: what waited for that goes on. False when nothing did. */
  boundary(): boolean {
    const next = this.#onBoundary;
    if (next === null) return false;
    this.#onBoundary = null;
    next();
    return true;
  }

  /** The target skips to the next Sync, so it would not look at the command in hand. */
  passOver(): void {
    if (this.inHand) this.#passedOver.add(this.inHand);
  }

  isPassedOver(unit: CommandUnit): boolean {
    return this.#passedOver.has(unit);
  }
}
