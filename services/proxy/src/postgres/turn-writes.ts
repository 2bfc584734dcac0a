import type { Writable } from "node:stream";
import { atTurnEnd } from "./turn-end.ts";

/** Bytes that are gathered, and copied to be one buffer, at most. */
const most = 16 * 1024;

/**
 * What is written to a socket in one turn of the event loop leaves in its order by one system call: as one buffer, which
 * costs a stream less than a list of them. Bytes that are written are not written to any more.
 */
export class TurnWrites {
  readonly #socket: Writable;
  #gathered: Buffer[] = [];
  #bytes = 0;
  readonly #leave = () => this.flush();

  constructor(socket: Writable) {
    this.#socket = socket;
  }

  write(bytes: Buffer): void {
    if (this.#gathered.length === 0) atTurnEnd(this.#leave);
    this.#gathered.push(bytes);
    this.#bytes += bytes.length;
    // So much is the socket's, whose buffer says when it is full.
    if (this.#bytes > most) this.flush();
  }

  /** What has gathered leaves now. */
  flush(): void {
    const gathered = this.#gathered;
    const [first] = gathered;
    if (first === undefined) return;
    const bytes = this.#bytes;
    this.#gathered = [];
    this.#bytes = 0;
    if (gathered.length === 1) this.#socket.write(first);
    else if (bytes <= most) this.#socket.write(joined(gathered, bytes));
    else {
      this.#socket.cork();
      for (const one of gathered) this.#socket.write(one);
      this.#socket.uncork();
    }
  }
}

function joined(buffers: readonly Buffer[], bytes: number): Buffer {
  const all = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const one of buffers) {
    all.set(one, at);
    at += one.length;
  }
  return all;
}
