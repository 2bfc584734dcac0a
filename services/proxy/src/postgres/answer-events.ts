import type { TransactionStatus } from "@sallyport/pgwire";
import type { Owed } from "./owed.ts";
import type { Refusal } from "./refusal.ts";
import type { Running } from "./running.ts";
import type { Portal, Prepared } from "./protocol-names.ts";
import type { UnforeseenCode } from "./unforeseen.ts";

/** What the session does with what the target's answers tell. */
export interface AnswerEvents {
  /** Bytes leave; `onRead` is called when nobody reads them any more. */
  toClient(bytes: Buffer, onRead: (() => void) | undefined): void;
  /** The command has its last answer (or its part of one, when its portal is suspended). */
  finished(running: Running, outcome: "executed" | "skipped"): void;
  suspended(running: Running): void;
  /** COPY FROM STDIN begins: the client's data belongs to it. */
  copyIn(running: Running): void;
  /**
   * ReadyForQuery of the target: the session may hold it back, and passes it on with `passReady`. `instead`: the client
   * has to hear that its command failed, and so must the transaction.
   */
  ready(status: TransactionStatus, instead: Refusal | null): void;
  /** A result is too large: the target is to be cancelled. */
  cut(): void;
  /** A statement or portal came about, or a Close was carried out. */
  made(one: Prepared | Portal): void;
  /** A statement or portal did not come about, a Close was not carried out: it `failed`, or was passed over. */
  gone(entry: Owed, failed: boolean): void;
  /** An error in the extended protocol: the target passes over what comes before the next Sync. */
  skipping(): void;
  parameter(name: string, value: string): void;
  /** The session must end: what came is not what was judged, or cannot be understood. */
  broken(problem: string, code: UnforeseenCode): void;
}
