import { constants, zstdCompress, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { z } from "zod";
import { CommandId, SessionId } from "./ids.ts";

/**
 * The header of one chunk in an OUTPUT message. A message is a run of chunks: the header as one JSON line,
 * then exactly `bytes` bytes; where it says `unpacked`, these are one zstd frame of so many. `rows`: backend frames as they left for the client, after masking;
 * `text`: UTF-8 of a long statement, then its parameters as a JSON line; `copy`: COPY data as the client sent it.
 */
export const OutputHeader = z.strictObject({
  v: z.literal(1),
  type: z.literal("output"),
  session: SessionId,
  command: CommandId,
  kind: z.enum(["rows", "text", "copy"]),
  /** Counts from 1 for each command and kind. */
  part: z.number().int().min(1),
  bytes: z.number().int().nonnegative(),
  unpacked: z
    .number()
    .int()
    .min(1)
    .max(4 * 1024 * 1024)
    .optional(),
});
export type OutputHeader = z.infer<typeof OutputHeader>;

export interface OutputChunk {
  readonly header: OutputHeader;
  readonly body: Uint8Array;
}

const newline = 0x0a;
const headerLimit = 1024;

/** Less gains little by being packed. */
const worthPacking = 4096;

/** A long text stays as it is: it is read while its command waits. */
export const isWorthPacking = ({ header, body }: OutputChunk): boolean =>
  body.length >= worthPacking && header.kind !== "text";

/** Up to here a chunk is packed at once: to hand it to a thread takes longer, and more of this one's time. */
const packedHere = 16 * 1024;

/** Said to be so long, a chunk is packed with tables of its size. */
const packing = ({ length }: Uint8Array) => ({
  params: { [constants.ZSTD_c_compressionLevel]: 1 },
  pledgedSrcSize: length,
});

/** The same chunk packed, a longer one by a thread of the runtime's pool; as it is when that gains nothing. */
export function packOutput(chunk: OutputChunk): OutputChunk | Promise<OutputChunk> {
  const { body } = chunk;
  if (body.length <= packedHere) return packedAs(chunk, zstdCompressSync(body, packing(body)));
  return new Promise((resolve) => {
    zstdCompress(body, { ...packing(body), chunkSize: body.length >> 1 }, (error, packed) =>
      resolve(error ? chunk : packedAs(chunk, packed)),
    );
  });
}

function packedAs(chunk: OutputChunk, packed: Buffer): OutputChunk {
  const { header, body } = chunk;
  if (packed.length >= body.length) return chunk;
  return { header: { ...header, bytes: packed.length, unpacked: body.length }, body: packed };
}

/** A chunk's own bytes; null when they are not what its header says. */
export function unpackOutput({ header, body }: OutputChunk): Uint8Array | null {
  const { unpacked } = header;
  if (unpacked === undefined) return body;
  try {
    const bytes = zstdDecompressSync(body, { maxOutputLength: unpacked });
    return bytes.length === unpacked ? bytes : null;
  } catch {
    return null;
  }
}

/** Writes chunks as one message body. */
export function encodeOutput(chunks: readonly OutputChunk[]): Uint8Array {
  const headers = chunks.map(({ header }) => headerLine(header));
  let length = 0;
  for (const [index, { body }] of chunks.entries())
    length += (headers[index]?.length ?? 0) + body.length;
  const message = Buffer.allocUnsafe(length);
  let at = 0;
  for (const [index, { body }] of chunks.entries()) {
    at += message.write(headers[index] ?? "", at, "latin1");
    message.set(body, at);
    at += body.length;
  }
  return message;
}

/** ASCII: ids and numbers. */
function headerLine({ session, command, kind, part, bytes, unpacked }: OutputHeader): string {
  const packed = unpacked === undefined ? "" : `,"unpacked":${unpacked}`;
  return `{"v":1,"type":"output","session":"${session}","command":"${command}","kind":"${kind}","part":${part},"bytes":${bytes}${packed}}\n`;
}

/** Reads a message body; null when it is not a run of chunks. */
export function decodeOutput(message: Uint8Array): OutputChunk[] | null {
  const chunks: OutputChunk[] = [];
  let at = 0;
  while (at < message.length) {
    const end = message.indexOf(newline, at);
    if (end < 0 || end - at > headerLimit) return null;
    let parsed: unknown;
    try {
      parsed = JSON.parse(Buffer.from(message.subarray(at, end)).toString("utf8"));
    } catch {
      return null;
    }
    const header = OutputHeader.safeParse(parsed);
    if (!header.success || end + 1 + header.data.bytes > message.length) return null;
    chunks.push({
      header: header.data,
      body: message.subarray(end + 1, end + 1 + header.data.bytes),
    });
    at = end + 1 + header.data.bytes;
  }
  return chunks;
}
