import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { objectLimit, type ArchiveStore } from "./archive-store.ts";

/** Offset and length of a zstd frame in its object, and its length unpacked. */
export type Frame = readonly [offset: number, packed: number, unpacked: number];

/** A stretch of an unpacked frame, by the frame's place in the object's list. */
export type Stretch = readonly [frame: number, start: number, length: number];

/**
 * Packs pieces into an object of several zstd frames, each readable by itself. A frame ends with the piece that
 * fills it, so no piece lies in two.
 */
export class FrameWriter {
  readonly #options: { readonly params: Record<number, number> };
  readonly #size: number;
  readonly #packed: Buffer[] = [];
  readonly #frames: Frame[] = [];
  #open: Buffer;
  #openBytes = 0;
  #offset = 0;

  /**
   * @param size of a frame before packing, in bytes
   * @param level of zstd
   */
  constructor(size: number, level: number) {
    this.#size = size;
    this.#open = Buffer.allocUnsafeSlow(size);
    this.#options = { params: { [constants.ZSTD_c_compressionLevel]: level } };
  }

  /** A piece, copied from `start` to `end` of where it lies. */
  add(bytes: Buffer, start = 0, end = bytes.length): Stretch {
    const length = end - start;
    const stretch: Stretch = [this.#frames.length, this.#openBytes, length];
    this.#makeRoom(length);
    bytes.copy(this.#open, this.#openBytes, start, end);
    this.#openBytes += length;
    if (this.#openBytes >= this.#size) this.#close();
    return stretch;
  }

  finish(): { readonly bytes: Buffer; readonly frames: readonly Frame[] } {
    if (this.#openBytes > 0) this.#close();
    return { bytes: Buffer.concat(this.#packed), frames: this.#frames };
  }

  #close(): void {
    const packed = zstdCompressSync(this.#open.subarray(0, this.#openBytes), this.#options);
    this.#frames.push([this.#offset, packed.length, this.#openBytes]);
    this.#packed.push(packed);
    this.#offset += packed.length;
    this.#openBytes = 0;
  }

  #makeRoom(length: number): void {
    const needed = this.#openBytes + length;
    if (needed <= this.#open.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#open.length));
    this.#open.copy(larger, 0, 0, this.#openBytes);
    this.#open = larger;
  }
}

/** Joins neighbouring stretches. */
export function joinStretches(stretches: readonly Stretch[]): Stretch[] {
  const joined: Stretch[] = [];
  for (const [frame, start, length] of stretches) {
    const last = joined.at(-1);
    if (last !== undefined && last[0] === frame && last[1] + last[2] === start)
      joined[joined.length - 1] = [frame, last[1], last[2] + length];
    else joined.push([frame, start, length]);
  }
  return joined;
}

/** Reads stretches of an object and no more of it than their frames. @throws Error when it is not as the index says */
export async function readStretches(
  store: ArchiveStore,
  object: { readonly key: string; readonly frames: readonly Frame[] },
  stretches: readonly Stretch[],
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let current = -1;
  let unpacked = Buffer.alloc(0);
  for (const [number, start, length] of stretches) {
    if (number !== current) {
      const frame = object.frames[number];
      if (frame === undefined) throw new Error(`\`${object.key}\` has no frame ${number}`);
      unpacked = await readFrame(store, object.key, frame);
      current = number;
    }
    if (start + length > unpacked.length)
      throw new Error(`\`${object.key}\`: a frame is too short`);
    pieces.push(unpacked.subarray(start, start + length));
  }
  return Buffer.concat(pieces);
}

async function readFrame(
  store: ArchiveStore,
  key: string,
  frame: Frame,
): Promise<Buffer<ArrayBuffer>> {
  const [offset, packed, unpacked] = frame;
  const bytes = await store.get(key, { offset, length: packed });
  if (bytes === null) throw new Error(`\`${key}\` is missing`);
  return unpack(bytes, unpacked, key);
}

/** Unpacks at most `limit` bytes, and never more than `objectLimit`. @throws Error */
export function unpack(bytes: Buffer, limit: number, key: string): Buffer<ArrayBuffer> {
  const maxOutputLength = Math.min(objectLimit, Math.max(1, limit));
  try {
    return Buffer.from(zstdDecompressSync(bytes, { maxOutputLength }));
  } catch (cause) {
    throw new Error(`\`${key}\` cannot be unpacked`, { cause });
  }
}
