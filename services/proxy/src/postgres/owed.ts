import type { MessageFields, TransactionStatus } from "@sallyport/pgwire";
import type { OwnRows } from "./own-connection.ts";
import type { Running } from "./running.ts";
import type { Portal, Prepared } from "./protocol-names.ts";

/**
 * What the target owes, one entry an answer. `own` entries are the proxy's: their answers never reach the
 * client. `local` is what the proxy itself says when its turn comes.
 */
export type Owed =
  | { readonly kind: "query"; readonly running: Running }
  | { readonly kind: "function"; readonly running: Running }
  | { readonly kind: "parse"; readonly running: Running; readonly prepared: Prepared }
  | { readonly kind: "bind"; readonly running: Running; readonly portal: Portal }
  | {
      readonly kind: "describe";
      readonly running: Running;
      readonly of: "statement" | "portal";
      /** Asked by the proxy to check the result; the client does not see it. */
      readonly own: boolean;
      readonly prepared?: Prepared;
    }
  | { readonly kind: "execute"; readonly running: Running }
  | { readonly kind: "close"; readonly running: Running | null }
  /** Marks that a command of the extended protocol has all its answers. */
  | { readonly kind: "end"; readonly running: Running }
  | { readonly kind: "sync" }
  /** What the proxy itself asks, up to a ReadyForQuery. */
  | { readonly kind: "own-query"; readonly done: (answer: OwnAnswer) => void }
  /** An own statement that fails the transaction: its error is replaced by `bytes`. */
  | { readonly kind: "own-failure"; readonly simple: boolean; readonly bytes: Buffer }
  | { readonly kind: "local"; readonly bytes: () => Buffer };

/** `rows`: none when `error` came. */
export interface OwnAnswer {
  readonly rows: OwnRows;
  readonly error: MessageFields | null;
  readonly status: TransactionStatus;
}

/**
 * More than that is not asked before some of it is answered. A target keeps answers back until it has 8 KiB of them,
 * and the shortest has 5 bytes: so many that waiting for them would be for ever are far fewer.
 */
const most = 16 * 1024;
/** So many places of what was answered are kept, at most, before the rest moves up. */
const mostAnswered = 1024;

/** What is owed, in the order in which the target answers. */
export class OwedAnswers {
  #entries: Owed[] = [];
  /** Those before it are answered. */
  #first = 0;

  get head(): Owed | undefined {
    return this.#entries[this.#first];
  }

  get empty(): boolean {
    return this.#entries.length === this.#first;
  }

  get crowded(): boolean {
    return this.#entries.length - this.#first > most;
  }

  /** Something is owed, and nothing of it for a command. */
  get onlyOwn(): boolean {
    return !this.empty && !this.#some((entry) => "running" in entry);
  }

  /** The next ReadyForQuery is owed. */
  get syncing(): boolean {
    return this.#some(isSynced);
  }

  push(entries: readonly Owed[]): void {
    this.#entries.push(...entries);
  }

  shift(): Owed | undefined {
    const head = this.#entries[this.#first];
    if (head === undefined) return undefined;
    this.#first += 1;
    if (this.#first === this.#entries.length) this.#entries = [];
    else if (this.#first < mostAnswered) return head;
    else this.#entries.splice(0, this.#first);
    this.#first = 0;
    return head;
  }

  /** Whether a command that `test` holds of is owed something behind the head, up to the next ReadyForQuery. */
  nextOf(test: (running: Running) => boolean): boolean {
    for (let at = this.#first + 1; at < this.#entries.length; at++) {
      const entry = this.#entries[at];
      if (entry === undefined) break;
      if ("running" in entry && entry.running !== null && test(entry.running)) return true;
      if (isSynced(entry)) return false;
    }
    return false;
  }

  /** Every command that has no last answer yet. */
  unfinished(): Running[] {
    const all = new Set<Running>();
    for (const entry of this.#entries.slice(this.#first))
      if ("running" in entry && entry.running && !entry.running.finished) all.add(entry.running);
    return [...all];
  }

  #some(test: (entry: Owed) => boolean): boolean {
    for (let at = this.#first; at < this.#entries.length; at++) {
      const entry = this.#entries[at];
      if (entry !== undefined && test(entry)) return true;
    }
    return false;
  }
}

/** The last answer to it is a ReadyForQuery that the client hears. */
const isSynced = (entry: Owed): boolean =>
  entry.kind === "sync" ||
  entry.kind === "query" ||
  entry.kind === "function" ||
  (entry.kind === "own-failure" && entry.simple);
