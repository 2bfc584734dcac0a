import type { SessionOptions } from "./session-options.ts";
import type { Turn } from "./turn.ts";

/** Bytes that may wait for a client to take them. */
const mostUnsent = 256 * 1024;

/** Who can take no more: the client, the record, a catalog that is read anew, nobody's beat. */
type Slow = "client" | "record" | "ddl" | "beat";

/** What leaves for the client, and how fast the target is read for it. */
export class Flow {
  readonly #options: Pick<SessionOptions, "client" | "target" | "output">;
  readonly #turn: Turn;
  readonly #takeAnswers: () => void;
  readonly #pauses = new Set<Slow>();
  #roomless = false;
  #bytes = 0;

  /** `takeAnswers` reads what the target has said while nobody listened. */
  constructor(
    options: Pick<SessionOptions, "client" | "target" | "output">,
    turn: Turn,
    takeAnswers: () => void,
  ) {
    this.#options = options;
    this.#turn = turn;
    this.#takeAnswers = takeAnswers;
  }

  /** Bytes that left for the client. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The output's window is full. */
  get roomless(): boolean {
    return this.#roomless;
  }

  get paused(): boolean {
    return this.#pauses.size > 0;
  }

  /** `onRead` is called when the system has all of it. */
  toClient(bytes: Buffer, onRead?: () => void): void {
    if (this.#turn.ended || this.#turn.clientGone) return onRead?.();
    this.count(bytes.length);
    const { client } = this.#options;
    // What failed on its way may still be read from.
    const sent = onRead && ((error?: Error | null) => (error ? undefined : onRead()));
    client.write(bytes, sent);
    if (client.writableNeedDrain && client.writableLength > mostUnsent) this.pause("client");
  }

  count(bytes: number): void {
    this.#bytes += bytes;
  }

  /** INVARIANT (I1): the record must take more before the target says more. */
  awaitRoom(): void {
    if (this.#roomless) return;
    this.#roomless = true;
    this.pause("record");
    this.#options.output.onRoom(() => {
      this.#roomless = false;
      this.resume("record");
      this.#turn.pump();
    });
  }

  pause(why: Slow): void {
    this.#pauses.add(why);
    this.#options.target.socket.pause();
  }

  resume(why: Slow): void {
    if (!this.#pauses.delete(why) || this.paused || this.#turn.ended) return;
    this.#takeAnswers();
    if (!this.paused) this.#options.target.socket.resume();
  }
}
