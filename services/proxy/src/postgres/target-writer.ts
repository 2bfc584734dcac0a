import { randomUUID } from "node:crypto";
import { toTarget } from "@sallyport/pgwire";
import type { Duplex } from "node:stream";
import type { Clearance } from "../gate.ts";
import { ownStatements, type OwnPurpose } from "./own-statements.ts";
import { TurnWrites } from "./turn-writes.ts";

/** No client can have a statement or portal of that name. */
const ownName = (): string => `sallyport ${randomUUID()}`;

/**
 * The writing side of a session's connection to its target. INVARIANT (I1): bytes of a client get here
 * only with a clearance; the rest is Sync, Flush, Close, Terminate and own statements, made here.
 */
export class TargetWriter {
  readonly #socket: Duplex;
  readonly #out: TurnWrites;
  /** Something went since the last Sync or simple query: there is an implicit transaction to fail. */
  #unsynced = false;
  /** Of that, something is the client's, and nothing of ours has failed it. */
  #commits = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#out = new TurnWrites(socket);
  }

  get unsynced(): boolean {
    return this.#unsynced;
  }

  /** A Sync would commit what the client has asked for. */
  get commits(): boolean {
    return this.#commits;
  }

  /** The socket's buffer is over its mark: stop reading the client until `drain`. */
  get congested(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** The first bytes of a command. */
  forward(clearance: Clearance, frames: readonly Buffer[], simple: boolean): void {
    clearance.begin();
    this.#unsynced = this.#commits = !simple;
    this.#write(frames);
  }

  /** COPY data, its end, or more rows of a portal: what belongs to a command that began. */
  more(clearance: Clearance, frame: Buffer): void {
    clearance.continue();
    this.#out.write(frame);
  }

  /** What it ends begins at once at the target, while others' verdicts of the same message are read. */
  sync(): void {
    const ends = this.#unsynced;
    this.#unsynced = this.#commits = false;
    this.#out.write(toTarget.sync);
    // One that ends nothing is worth no system call of its own: a client can send very many.
    if (ends) this.#out.flush();
  }

  flush(): void {
    this.#out.write(toTarget.flush);
  }

  close(of: "statement" | "portal", name: string): void {
    this.#unsynced = true;
    this.#out.write(toTarget.close(of, name));
  }

  /** Describe of a portal that the client's own command opens; it reads nothing but the result's columns. */
  static describePortal(name: string): Buffer {
    return toTarget.describe("portal", name);
  }

  /** Ends COPY from the client's side when the client is gone or refused. */
  copyFail(reason: string): void {
    this.#out.write(toTarget.copyFail(reason));
  }

  ownQuery(purpose: OwnPurpose): string {
    this.#unsynced = this.#commits = false;
    this.#out.write(toTarget.query(ownStatements[purpose]));
    return ownStatements[purpose];
  }

  /** The same as a Parse, which a pipeline needs: what follows is skipped to the next Sync. */
  ownParse(purpose: OwnPurpose): string {
    this.#unsynced = true;
    this.#commits = false;
    this.#out.write(toTarget.parse(ownName(), ownStatements[purpose]));
    return ownStatements[purpose];
  }

  /** The same in the extended protocol: the client keeps its unnamed statement. */
  ownRead(purpose: OwnPurpose): string {
    this.#unsynced = false;
    const name = ownName();
    this.#write([
      toTarget.parse(name, ownStatements[purpose]),
      toTarget.bind({ portal: name, statement: name }),
      toTarget.execute(name),
      toTarget.close("portal", name),
      toTarget.close("statement", name),
      toTarget.sync,
    ]);
    return ownStatements[purpose];
  }

  /** Fixed texts one after the other, in the extended protocol as `ownRead`, up to one ReadyForQuery. */
  ownScript(texts: readonly string[]): void {
    this.#unsynced = false;
    for (const text of texts) {
      const name = ownName();
      this.#write([
        toTarget.parse(name, text),
        toTarget.bind({ portal: name, statement: name }),
        toTarget.execute(name),
        toTarget.close("portal", name),
        toTarget.close("statement", name),
      ]);
    }
    this.#out.write(toTarget.sync);
  }

  terminate(): void {
    this.#out.flush();
    this.#socket.end(toTarget.terminate);
  }

  #write(frames: readonly Buffer[]): void {
    for (const frame of frames) this.#out.write(frame);
  }
}
