import type { MessageFields, TransactionStatus } from "@sallyport/pgwire";
import type { OwnRows } from "./own-connection.ts";
import type { Running } from "./running.ts";
import type { Portal, Prepared } from "./statements.ts";

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

/** What is owed, in the order in which the target answers. */
export class OwedAnswers {
  readonly #entries: Owed[] = [];

  get head(): Owed | undefined {
    return this.#entries[0];
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  /** Something is owed, and nothing of it for a command. */
  get onlyOwn(): boolean {
    return this.#entries.length > 0 && !this.#entries.some((entry) => "running" in entry);
  }

  /** The next ReadyForQuery is owed. */
  get syncing(): boolean {
    return this.#entries.some(isSynced);
  }

  push(entries: readonly Owed[]): void {
    this.#entries.push(...entries);
  }

  shift(): Owed | undefined {
    return this.#entries.shift();
  }

  /** Whether a command that `test` holds of is owed something behind the head, up to the next ReadyForQuery. */
  nextOf(test: (running: Running) => boolean): boolean {
    for (const entry of this.#entries.slice(1)) {
      if ("running" in entry && entry.running !== null && test(entry.running)) return true;
      if (isSynced(entry)) return false;
    }
    return false;
  }

  /** Every command that has no last answer yet. */
  unfinished(): Running[] {
    const all = new Set<Running>();
    for (const entry of this.#entries)
      if ("running" in entry && entry.running && !entry.running.finished) all.add(entry.running);
    return [...all];
  }
}

/** The last answer to it is a ReadyForQuery that the client hears. */
const isSynced = (entry: Owed): boolean =>
  entry.kind === "sync" ||
  entry.kind === "query" ||
  entry.kind === "function" ||
  (entry.kind === "own-failure" && entry.simple);
