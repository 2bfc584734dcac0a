import type { DetectorName } from "@sallyport/contracts";
import type { MessageFields, TransactionStatus } from "@sallyport/pgwire";
import { findsInText } from "./detecting.ts";
import type { Owed, OwedAnswers } from "./owed.ts";
import type { Running } from "./running.ts";

const withholds = (running: Running): boolean => running.withhold;

const forWithheld = (entry: Owed): boolean =>
  "running" in entry && entry.running?.withhold === true;

/** INVARIANT (I3): which of the texts that the target says in errors and notices the client does not see. */
export class WithheldTexts {
  readonly #owed: OwedAnswers;
  readonly #detectors: readonly DetectorName[];
  /** In the transaction that is open, a masked column was touched: its texts may come as late as at COMMIT. */
  #all = false;

  /** @param detectors what the target's texts are looked through for */
  constructor(owed: OwedAnswers, detectors: readonly DetectorName[]) {
    this.#owed = owed;
    this.#detectors = detectors;
  }

  /** These come to what is owed. */
  owe(entries: readonly Owed[]): void {
    // What is owed behind a ReadyForQuery counts from there on.
    if (!this.#all && entries.some(forWithheld)) this.#all = !this.#owed.syncing;
  }

  /** ReadyForQuery has come, and is the head of what is owed still. */
  ready(status: TransactionStatus): void {
    if (status === "I" || !this.#all) this.#all = this.#owed.nextOf(withholds);
  }

  has(fields: MessageFields): boolean {
    return this.#all || findsInText(this.#detectors, fields);
  }
}
