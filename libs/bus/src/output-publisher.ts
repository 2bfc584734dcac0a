import { encodeOutput, isWorthPacking, packOutput, type OutputChunk } from "@sallyport/contracts";
import type { Bus } from "./connect.ts";
import { KeptMessages, resendAfter } from "./kept-messages.ts";
import { maxPayload } from "./server-config.ts";

export interface OutputPublisherOptions {
  readonly stream: string;
  readonly subject: string;
  /** Bytes of a session that may be unacknowledged (I1). */
  readonly window: number;
}

const messageLimit = 256 * 1024;
/** How long a chunk waits for company, in milliseconds, unless somebody waits for it or this much has gathered. */
const companyWait = 50;
/** Much: who asked for the rows has them, and neither packing nor storing shall be in the way of that. */
const enough = 1024 * 1024;
const headerRoom = 1024;

/**
 * Writes the bulk (rows, COPY data, long texts) into OUTPUT over a connection of its own. Each session has a window
 * of unacknowledged bytes; a stream that is full or away slows it and loses nothing.
 */
export class OutputPublisher {
  readonly #options: OutputPublisherOptions;
  readonly #messages: KeptMessages;
  #queue: Queued[] = [];
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;
  #queuedBytes = 0;
  #bytes = 0;
  #packing = 0;
  #stopped = false;
  readonly #drained: (() => void)[] = [];

  constructor(bulk: Bus, options: OutputPublisherOptions) {
    this.#options = options;
    this.#messages = new KeptMessages(bulk, "output", () => {});
  }

  /** What one session writes, with a window of its own. */
  session(): OutputSession {
    return new OutputSession(this.#options.window, {
      write: (queued) => {
        const { length } = queued.chunk.body;
        this.#bytes += queued.counts;
        this.#queuedBytes += length;
        this.#queue.push(queued);
        // A long statement's text is on its command's way to the gates.
        if (this.#queuedBytes >= enough || queued.chunk.header.kind === "text") this.#hurry();
        else this.#later ??= setTimeout(() => this.#flush(), companyWait);
      },
      hurry: () => this.#hurry(),
    });
  }

  get counts(): { kept: number; stored: number; resends: number } {
    return this.#messages.counts;
  }

  /** Bytes that are not stored yet. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** Resolves when all is stored. */
  drain(): Promise<void> {
    if (this.#bytes === 0) return Promise.resolve();
    this.#hurry();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** Ends without waiting. Returns how many chunks nobody stored. */
  stop(): number {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    this.#stopped = true;
    return this.#messages.stop() + this.#queue.length + this.#packing;
  }

  /** What has gathered leaves at the end of this turn. */
  #hurry(): void {
    if (this.#queue.length > 0) this.#soon ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    this.#soon = undefined;
    this.#later = undefined;
    const queue = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    if (queue.some(({ chunk }) => isWorthPacking(chunk))) void this.#pack(queue);
    else this.#sendAll(queue);
  }

  async #pack(queue: readonly Queued[]): Promise<void> {
    this.#packing += queue.length;
    const packed = await Promise.all(
      queue.map(async (queued) =>
        isWorthPacking(queued.chunk)
          ? { ...queued, chunk: await packOutput(queued.chunk) }
          : queued,
      ),
    );
    if (this.#stopped) return;
    this.#packing -= queue.length;
    this.#sendAll(packed);
  }

  #sendAll(all: readonly Queued[]): void {
    let message: Queued[] = [];
    let bytes = 0;
    for (const queued of all) {
      const { length } = queued.chunk.body;
      if (message.length > 0 && bytes + length > messageLimit) {
        this.#send(message);
        message = [];
        bytes = 0;
      }
      message.push(queued);
      bytes += length;
    }
    if (message.length > 0) this.#send(message);
  }

  #send(message: readonly Queued[]): void {
    const { stream, subject } = this.#options;
    const body = encodeOutput(message.map(({ chunk }) => chunk));
    for (const { onCopied } of message) onCopied?.();
    // Without the chunks, so that the message's copy is the only one that is kept.
    const counted = message.map(({ counts, onStored }) => ({ counts, onStored }));
    this.#messages.keep({
      stream,
      subject,
      again: subject,
      body,
      events: message.length,
      due: performance.now() + resendAfter,
      onStored: () => {
        for (const { counts } of counted) this.#bytes -= counts;
        for (const { counts, onStored } of counted) onStored(counts - 1);
        if (this.#bytes === 0) for (const tell of this.#drained.splice(0)) tell();
      },
    });
  }
}

interface Queued {
  /** As it travels. */
  readonly chunk: OutputChunk;
  /** One more than the bytes that it had when it was written, so that an empty one counts too. */
  readonly counts: number;
  /** The body that was written is not read any more. */
  readonly onCopied: (() => void) | undefined;
  /** Hears how many of its bytes are stored. */
  readonly onStored: (bytes: number) => void;
}

/** Where a session's chunks go; `hurry` when somebody waits until they are stored. */
interface Outlet {
  write(queued: Queued): void;
  hurry(): void;
}

/** A session's way into OUTPUT. */
export class OutputSession {
  readonly #window: number;
  readonly #outlet: Outlet;
  readonly #room: (() => void)[] = [];
  #unacknowledged = 0;

  constructor(window: number, outlet: Outlet) {
    this.#window = window;
    this.#outlet = outlet;
  }

  /** Bytes that are not stored yet. */
  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  /** Whether so many more bytes may leave for the client before their record is acknowledged (I1). */
  hasRoom(bytes: number): boolean {
    return this.#unacknowledged === 0 || this.#unacknowledged + bytes <= this.#window;
  }

  /**
   * Takes a chunk, whose body the caller does not touch before `onCopied`; at most 256 KiB is best, 4 MiB less its
   * header the most (more throws). False when the window is full: the caller then waits for `onRoom` with the next one.
   */
  write(chunk: OutputChunk, onCopied?: () => void): boolean {
    const bytes = chunk.body.length;
    if (bytes > maxPayload - headerRoom) throw new RangeError("a chunk fits into no message");
    this.#unacknowledged += bytes;
    this.#outlet.write({ chunk, counts: bytes + 1, onCopied, onStored: this.#onStored });
    return this.hasRoom(1);
  }

  readonly #onStored = (bytes: number): void => {
    this.#unacknowledged -= bytes;
    if (this.#room.length > 0 && this.hasRoom(1)) for (const tell of this.#room.splice(0)) tell();
  };

  /** Calls back once when there is room; at once when there is. */
  onRoom(callback: () => void): void {
    if (this.hasRoom(1)) return callback();
    this.#room.push(callback);
    this.#outlet.hurry();
  }

  /** Calls back once when all that was written is stored. */
  onStored(callback: () => void): void {
    const check = (): void => {
      if (this.#unacknowledged === 0) return callback();
      this.#room.push(check);
      this.#outlet.hurry();
    };
    check();
  }
}
