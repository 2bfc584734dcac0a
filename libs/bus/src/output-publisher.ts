import {
  encodeOutput,
  isWorthPacking,
  packOutput,
  type CommandId,
  type OutputChunk,
  type OutputHeader,
} from "@sallyport/contracts";
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
/** So much is packed when a result is over. */
const worthRest = 128 * 1024;
const headerRoom = 1024;
const longestChunk = maxPayload - headerRoom;

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
  /** Of the queue's bytes, those that nobody packs yet. */
  #unpackedBytes = 0;
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
        this.#bytes += queued.counts;
        this.#queue.push(queued);
        this.#gathered(queued, queued.chunk.body.length);
      },
      lengthen: (queued, bytes) => {
        this.#bytes += bytes;
        this.#gathered(queued, bytes);
      },
      hurry: () => this.#hurry(),
      rest: () => this.#rest(),
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

  #gathered({ chunk }: Queued, bytes: number): void {
    this.#queuedBytes += bytes;
    this.#unpackedBytes += bytes;
    // A long statement's text is on its command's way to the gates.
    if (this.#unpackedBytes >= enough || chunk.header.kind === "text") this.#hurry();
    else this.#later ??= setTimeout(() => this.#flush(), companyWait);
  }

  /** What has gathered leaves at the end of this turn. */
  #hurry(): void {
    if (this.#queue.length > 0) this.#soon ??= setImmediate(() => this.#flush());
  }

  /**
   * Who asked for a result reads the end of it, and what they ask next passes the gates: the time to pack it, in one
   * thread beside them. It leaves as it would have.
   */
  #rest(): void {
    if (this.#unpackedBytes < worthRest) return;
    // The result's end leaves for the client at the end of this turn.
    setImmediate(() => setImmediate(() => void this.#packEarly()));
  }

  async #packEarly(): Promise<void> {
    const queue = [...this.#queue];
    this.#unpackedBytes = 0;
    for (const queued of queue) queued.onLeaving(queued);
    for (const queued of queue) {
      if (this.#stopped) return;
      await packed(queued);
      if (queued.chunk.header.unpacked !== undefined) copied(queued);
    }
    if (!this.#stopped && this.#queuedBytes >= enough) this.#flush();
  }

  #flush(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    this.#soon = undefined;
    this.#later = undefined;
    const queue = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#unpackedBytes = 0;
    for (const queued of queue) queued.onLeaving(queued);
    if (queue.some(isUnpacked)) void this.#pack(queue);
    else this.#sendAll(queue);
  }

  async #pack(queue: readonly Queued[]): Promise<void> {
    this.#packing += queue.length;
    await Promise.all(queue.map(packed));
    if (this.#stopped) return;
    this.#packing -= queue.length;
    this.#sendAll(queue);
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
    for (const queued of message) copied(queued);
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

/** Packed once, whoever begins. */
const packed = (queued: Queued): Promise<void> => (queued.packing ??= packInPlace(queued));

async function packInPlace(queued: Queued): Promise<void> {
  if (isWorthPacking(queued.chunk)) queued.chunk = await packOutput(queued.chunk);
}

function copied(queued: Queued): void {
  queued.onCopied?.();
  queued.onCopied = undefined;
}

const isUnpacked = ({ chunk }: Queued): boolean =>
  chunk.header.unpacked === undefined && isWorthPacking(chunk);

interface Queued {
  /** As it travels. */
  chunk: OutputChunk;
  packing: Promise<void> | undefined;
  /** One more than the bytes that it had when it was written, so that an empty one counts too. */
  counts: number;
  /** The body that was written is not read any more. */
  onCopied: (() => void) | undefined;
  /** It grows no more. */
  readonly onLeaving: (queued: Queued) => void;
  /** Hears how many of its bytes are stored. */
  readonly onStored: (bytes: number) => void;
}

/** Where a session's chunks go; `hurry` when somebody waits until they are stored, `rest` when nobody waits for more. */
interface Outlet {
  write(queued: Queued): void;
  /** So many bytes came to one that waits. */
  lengthen(queued: Queued, bytes: number): void;
  hurry(): void;
  rest(): void;
}

/** A session's way into OUTPUT. */
export class OutputSession {
  readonly #window: number;
  readonly #outlet: Outlet;
  readonly #room: (() => void)[] = [];
  #unacknowledged = 0;
  /** What was written last, as long as it waits. */
  #last: Queued | null = null;

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
    if (bytes > longestChunk) throw new RangeError("a chunk fits into no message");
    this.#unacknowledged += bytes;
    const counts = bytes + 1;
    const [onLeaving, onStored] = [this.#onLeaving, this.#onStored];
    this.#last = { chunk, packing: undefined, counts, onCopied, onLeaving, onStored };
    this.#outlet.write(this.#last);
    return this.hasRoom(1);
  }

  /**
   * Makes the chunk that was written last longer, if it is this one, nobody has begun to send it, and these bytes lie
   * right behind its own in one memory; its `onCopied` speaks for them too. False, and nothing happened, if not.
   */
  lengthen(
    command: CommandId,
    kind: OutputHeader["kind"],
    part: number,
    bytes: Uint8Array,
  ): boolean {
    const last = this.#last;
    if (last === null) return false;
    const { header, body } = last.chunk;
    if (header.command !== command || header.kind !== kind || header.part !== part) return false;
    if (body.buffer !== bytes.buffer || body.byteOffset + body.length !== bytes.byteOffset)
      return false;
    const length = body.length + bytes.length;
    if (length > longestChunk) return false;
    last.chunk = {
      header: { ...header, bytes: length },
      body: new Uint8Array(body.buffer, body.byteOffset, length),
    };
    last.counts += bytes.length;
    this.#unacknowledged += bytes.length;
    this.#outlet.lengthen(last, bytes.length);
    return true;
  }

  /** A result is over: nobody waits for more of it. */
  rest(): void {
    this.#outlet.rest();
  }

  readonly #onLeaving = (queued: Queued): void => {
    if (this.#last === queued) this.#last = null;
  };

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
