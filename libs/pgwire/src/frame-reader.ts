import { Backend, Frontend } from "./message-types.ts";
import { ProtocolError } from "./protocol-error.ts";

/** One whole frame; of a bulk type, `count` of them, one after another as they came. */
export interface Frames {
  readonly kind: "frames";
  readonly type: number;
  readonly count: number;
  /** With their headers. A view of the pushed chunk wherever the frame lay in one chunk. */
  readonly bytes: Buffer;
}

/** A stretch of one frame, bulk or of `inParts`, that is larger than `maxBuffered`; the first one has the header. */
export interface FramePart {
  readonly kind: "part";
  readonly type: number;
  /** Bytes of the frame, header included. */
  readonly total: number;
  /** Where in the frame these bytes begin. */
  readonly offset: number;
  readonly bytes: Buffer;
  readonly last: boolean;
}

export interface FrameReaderOptions {
  /** Who wrote the bytes: says which types exist and how large each may be. */
  readonly from: "frontend" | "backend";
  /** Largest frame that may come at all, bytes with header. Default 1 GiB, as PostgreSQL. */
  readonly maxFrame?: number;
  /** Largest frame that is held until it is whole; larger DataRow and CopyData come in parts, other types are refused. */
  readonly maxBuffered: number;
  /** Further types of which larger frames come in parts. */
  readonly inParts?: readonly number[];
}

const header = 5;
/** PQ_SMALL_MESSAGE_LIMIT and PG_MAX_AUTH_TOKEN_LENGTH of PostgreSQL, plus type byte and length. */
const small = 10_000 + header;
const authentication = 65_535 + header;

const smallTypes: ReadonlySet<number> = new Set([
  Frontend.Close,
  Frontend.Describe,
  Frontend.Execute,
  Frontend.Flush,
  Frontend.Sync,
  Frontend.Terminate,
  Frontend.CopyDone,
  Frontend.CopyFail,
]);
const bulkTypes: Record<FrameReaderOptions["from"], ReadonlySet<number>> = {
  frontend: new Set([Frontend.CopyData]),
  backend: new Set([Backend.DataRow, Backend.CopyData]),
};

const empty: Buffer = Buffer.alloc(0);
const tables = new Map<string, Int32Array>();

/** Bytes of a frame by its type, 0 where there is none of the type; one table for all readers of a kind. */
function limitsOf(
  from: FrameReaderOptions["from"],
  maxFrame: number,
  maxBuffered: number,
  inParts: readonly number[],
): Int32Array {
  const name = [from, maxFrame, maxBuffered, ...inParts].join();
  const known = tables.get(name);
  if (known) return known;
  const table = new Int32Array(256);
  for (const type of Object.values(from === "frontend" ? Frontend : Backend)) {
    const parted = bulkTypes[from].has(type) || inParts.includes(type);
    let limit = parted ? maxFrame : maxBuffered;
    if (from === "frontend") {
      if (smallTypes.has(type)) limit = Math.min(limit, small);
      else if (type === Frontend.Password) limit = Math.min(limit, authentication);
    }
    table[type] = limit;
  }
  tables.set(name, table);
  return table;
}

/**
 * Bytes in any pieces → frames, in order. A length is believed only after its header was checked;
 * no more than `maxBuffered` bytes of an unfinished frame are held. Pull: `push` what came, then
 * `next` until it gives nothing. What was pushed and not yet taken stays counted in `pending`.
 */
export class FrameReader {
  readonly #limits: Int32Array;
  readonly #bulk: ReadonlySet<number>;
  readonly #maxBuffered: number;
  readonly #queue: Buffer[] = [];
  #chunk: Buffer = empty;
  #at = 0;
  #pending = 0;
  #held: Buffer = empty;
  #heldLength = 0;
  #part = { type: 0, total: 0, offset: 0 };
  #broken: ProtocolError | undefined;

  constructor(options: FrameReaderOptions) {
    const maxFrame = Math.min(options.maxFrame ?? 0x3fff_ffff, 0x3fff_ffff);
    this.#maxBuffered = Math.max(header, Math.min(options.maxBuffered, maxFrame));
    this.#bulk = bulkTypes[options.from];
    this.#limits = limitsOf(options.from, maxFrame, this.#maxBuffered, options.inParts ?? []);
  }

  /** Bytes that were pushed and not yet given out, those of an unfinished frame included. */
  get pending(): number {
    return this.#pending;
  }

  /** The chunk is kept as it is, not copied: the caller no longer writes to it. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#pending += chunk.length;
    if (this.#at === this.#chunk.length && this.#queue.length === 0) {
      this.#chunk = chunk;
      this.#at = 0;
    } else this.#queue.push(chunk);
  }

  /**
   * A chunk that its caller writes to again when this returns: `use` takes what it can, and what it leaves is copied.
   * What `next` gave it is a view of the chunk, too.
   */
  lend(chunk: Buffer, use: () => void): void {
    this.push(chunk);
    try {
      use();
    } finally {
      if (this.#chunk === chunk) {
        this.#chunk = this.#at < chunk.length ? Buffer.from(chunk.subarray(this.#at)) : empty;
        this.#at = 0;
      } else {
        const at = this.#queue.indexOf(chunk);
        if (at >= 0) this.#queue[at] = Buffer.from(chunk);
      }
    }
  }

  /** @throws ProtocolError, always fatal, and again at each later call. */
  next(): Frames | FramePart | undefined {
    if (this.#broken !== undefined) throw this.#broken;
    for (;;) {
      if (this.#part.offset < this.#part.total) return this.#nextPart();
      if (this.#at === this.#chunk.length && !this.#advance()) return undefined;
      if (this.#heldLength > 0) {
        const frame = this.#finishHeld();
        if (frame !== undefined) return frame;
        continue;
      }
      const available = this.#chunk.length - this.#at;
      if (available < header) {
        this.#hold(available, header);
        continue;
      }
      const type = this.#chunk[this.#at] ?? 0;
      const total = this.#total(this.#chunk, this.#at);
      if (total > this.#maxBuffered) this.#part = { type, total, offset: 0 };
      else if (total > available) this.#hold(available, total);
      else return this.#whole(type, total);
    }
  }

  #whole(type: number, total: number): Frames {
    const chunk = this.#chunk;
    const start = this.#at;
    let end = start + total;
    let count = 1;
    if (this.#bulk.has(type)) {
      while (chunk.length - end >= header && chunk[end] === type) {
        const following = this.#peek(chunk, end);
        if (following === -1 || following > chunk.length - end || following > this.#maxBuffered)
          break;
        end += following;
        count += 1;
      }
    }
    this.#at = end;
    this.#pending -= end - start;
    return { kind: "frames", type, count, bytes: chunk.subarray(start, end) };
  }

  #nextPart(): FramePart | undefined {
    const { type, total, offset } = this.#part;
    let bytes: Buffer;
    if (this.#heldLength > 0) bytes = this.#takeHeld();
    else {
      if (this.#at === this.#chunk.length && !this.#advance()) return undefined;
      const end = Math.min(this.#chunk.length, this.#at + total - offset);
      bytes = this.#chunk.subarray(this.#at, end);
      this.#at = end;
    }
    this.#pending -= bytes.length;
    this.#part.offset += bytes.length;
    return { kind: "part", type, total, offset, bytes, last: offset + bytes.length === total };
  }

  /** Takes what the held frame still lacks from the chunk. */
  #finishHeld(): Frames | undefined {
    if (this.#heldLength < header) {
      this.#hold(Math.min(header - this.#heldLength, this.#chunk.length - this.#at), header);
      if (this.#heldLength < header) return undefined;
    }
    const type = this.#held[0] ?? 0;
    const total = this.#total(this.#held, 0);
    if (total > this.#maxBuffered) {
      this.#part = { type, total, offset: 0 };
      return undefined;
    }
    this.#hold(Math.min(total - this.#heldLength, this.#chunk.length - this.#at), total);
    if (this.#heldLength < total) return undefined;
    this.#pending -= total;
    return { kind: "frames", type, count: 1, bytes: this.#takeHeld() };
  }

  /** Copies from the chunk. Grows with what really came, not with what a header claims. */
  #hold(length: number, total: number): void {
    const needed = this.#heldLength + length;
    if (needed > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, Math.min(total, 2 * needed)));
      this.#held.copy(grown, 0, 0, this.#heldLength);
      this.#held = grown;
    }
    this.#chunk.copy(this.#held, this.#heldLength, this.#at, this.#at + length);
    this.#heldLength = needed;
    this.#at += length;
  }

  #takeHeld(): Buffer {
    const bytes = this.#held.subarray(0, this.#heldLength);
    this.#held = empty;
    this.#heldLength = 0;
    return bytes;
  }

  #advance(): boolean {
    const following = this.#queue.shift();
    if (following === undefined) {
      this.#chunk = empty;
      this.#at = 0;
      return false;
    }
    this.#chunk = following;
    this.#at = 0;
    return true;
  }

  /** Bytes of the frame whose header begins at `at`; -1 if it is not to be believed. */
  #peek(bytes: Buffer, at: number): number {
    const length = bytes.readInt32BE(at + 1);
    return length >= 4 && length < (this.#limits[bytes[at] ?? 0] ?? 0) ? length + 1 : -1;
  }

  #total(bytes: Buffer, at: number): number {
    const total = this.#peek(bytes, at);
    if (total !== -1) return total;
    this.#broken = refusal(bytes[at] ?? 0, this.#limits, bytes.readInt32BE(at + 1));
    throw this.#broken;
  }
}

function refusal(type: number, limits: Int32Array, length: number): ProtocolError {
  const limit = limits[type] ?? 0;
  if (limit === 0) return new ProtocolError("message-type", `unknown message type ${type}`);
  if (length >= 0 && length < 4)
    return new ProtocolError("frame-length", `invalid message length ${length}`);
  return new ProtocolError(
    "frame-too-large",
    `message of ${length >>> 0} bytes exceeds the limit of ${limit - 1}`,
  );
}

/** The single frames of a run. `bytes` must be what FrameReader gave. */
export function* eachFrame(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    yield bytes.subarray(at, end);
    at = end;
  }
}
