import { createHash, type Hash } from "node:crypto";
import type { CommandId, Masker, Outcome } from "@sallyport/contracts";
import { rowDescription, type Field } from "@sallyport/pgwire";
import type { Clearance } from "../gate.ts";
import type { Detecting } from "./detecting.ts";
import type { Judged } from "./judged.ts";
import { OutputHash } from "./output-hash.ts";
import type { LentBuffer } from "./result-buffers.ts";
import type { Portal } from "./protocol-names.ts";

/** What is kept of a command's output: the bytes as they left, their hash, or nothing. */
export type Keep = "rows" | "digest" | "none";

/** Where a command's bytes go to be kept. */
export interface OutputSink {
  /** Reads the bytes until it calls `onRead`. */
  keep(
    command: CommandId,
    kind: "rows" | "copy",
    part: number,
    bytes: Buffer,
    onRead?: () => void,
  ): void;
  /** Makes the rows' last part longer, if these bytes lie right behind it and it has not left; else false. */
  lengthen(command: CommandId, part: number, bytes: Buffer): boolean;
}

/** A command from its clearance to its last answer; what its `result` event will say. */
export class Running {
  readonly command: CommandId;
  readonly judged: Judged;
  readonly portal: Portal | null;
  readonly clearance: Clearance;
  readonly verdictHash: string;
  /** By column id, without the connection. */
  readonly masks: ReadonlyMap<string, Masker>;
  /** INVARIANT (I3): the target's texts are withheld while it runs. */
  readonly withhold: boolean;
  /** Null on a connection without detectors. */
  readonly detecting: Detecting | null;
  sent: number | null = null;
  /** Bytes of rows and COPY data that came from the target. */
  received = 0;
  rows = 0;
  bytes = 0;
  parts = 0;
  readonly tags: string[] = [];
  error: { code: string; sqlstate?: string; message: string } | undefined;
  /** Which statement of a simple query string is answering. */
  statement = 0;
  finished = false;
  readonly #keep: Keep;
  readonly #sink: OutputSink;
  #hash: OutputHash | null = null;
  /** The columns' names, which stand before the next bytes. */
  #names: Buffer | null = null;
  #input: { bytes: number; parts: number; hash: Hash } | undefined;

  constructor(options: {
    command: CommandId;
    judged: Judged;
    portal: Portal | null;
    clearance: Clearance;
    verdictHash: string;
    withhold: boolean;
    detecting: Detecting | null;
    keep: Keep;
    sink: OutputSink;
  }) {
    this.command = options.command;
    this.judged = options.judged;
    this.portal = options.portal;
    this.clearance = options.clearance;
    this.verdictHash = options.verdictHash;
    const { masks } = options.clearance.verdict;
    this.masks =
      masks.length === 0
        ? noMasks
        : new Map(
            masks.map(({ column, masker }) => [column.slice(column.indexOf("/") + 1), masker]),
          );
    this.withhold = options.withhold;
    this.detecting = options.detecting;
    this.#keep = options.keep;
    this.#sink = options.sink;
  }

  /** Bytes that leave for the client as this command's result, after masking; `lent` is where they lie. */
  output(bytes: Buffer, lent: LentBuffer | null = null): void {
    this.bytes += bytes.length;
    const names = this.#names;
    if (names === null) return this.#keepOutput(bytes, lent);
    this.#names = null;
    if (bytes.length <= few) return this.#keepOutput(Buffer.concat([names, bytes]), null);
    this.#keepOutput(names, null);
    this.#keepOutput(bytes, lent);
  }

  /** Puts the columns' names before the first row of an Execute, whose description came earlier or never. */
  describe(fields: readonly Field[]): void {
    if (this.bytes > 0) return;
    this.#names = descriptionOf(fields);
    this.bytes += this.#names.length;
  }

  #keepOutput(bytes: Buffer, lent: LentBuffer | null): void {
    if (this.#keep === "none") return;
    this.#hash ??= new OutputHash();
    this.#hash.add(bytes, lent === null);
    if (this.#keep !== "rows") return;
    if (bytes.length <= longestPiece) this.#keepPiece(bytes, lent);
    else for (const piece of pieces(bytes)) this.#keepPiece(piece, lent);
  }

  #keepPiece(piece: Buffer, lent: LentBuffer | null): void {
    // Then its reader is that of the bytes before.
    if (lent !== null && this.#sink.lengthen(this.command, this.parts, piece)) return;
    this.#sink.keep(this.command, "rows", (this.parts += 1), piece, lent?.reader());
  }

  /** COPY data that came from the client. */
  input(bytes: Buffer): void {
    this.#input ??= { bytes: 0, parts: 0, hash: createHash("sha256") };
    this.#input.bytes += bytes.length;
    this.#input.hash.update(bytes);
    if (this.#keep !== "rows") return;
    for (const piece of pieces(bytes))
      this.#sink.keep(this.command, "copy", (this.#input.parts += 1), piece);
  }

  /** The fields of its `result` event. Ends its clearance: nothing more may be sent under it. */
  result(outcome: Outcome): {
    command: CommandId;
    outcome: Outcome;
    verdict: string;
    rows: number;
    bytes: number;
    output: string | null;
    parts: number;
    tags: string[];
    error?: { code: string; sqlstate?: string; message: string };
    input?: { bytes: number; sha256: string; parts: number };
    detected?: Record<string, number>;
    sent: number | null;
  } {
    this.finished = true;
    this.clearance.end();
    if (this.#names !== null) this.#keepOutput(this.#names, null);
    this.#names = null;
    const detected = this.detecting?.counts();
    return {
      command: this.command,
      outcome,
      verdict: this.verdictHash,
      rows: this.rows,
      bytes: this.bytes,
      output: this.#hash?.digest() ?? null,
      parts: this.parts,
      tags: this.tags,
      ...(this.error && { error: this.error }),
      ...(this.#input && {
        input: {
          bytes: this.#input.bytes,
          sha256: this.#input.hash.digest("hex"),
          parts: this.#input.parts,
        },
      }),
      ...(detected && { detected }),
      sent: this.sent,
    };
  }
}

const noMasks: ReadonlyMap<string, Masker> = new Map();
/** So many bytes are copied to be one chunk with the names of their columns. */
const few = 4096;

/** Sessions that run a prepared statement again have its fields as the same object. */
const descriptions = new WeakMap<readonly Field[], Buffer>();

function descriptionOf(fields: readonly Field[]): Buffer {
  let bytes = descriptions.get(fields);
  if (bytes === undefined) descriptions.set(fields, (bytes = rowDescription(fields)));
  return bytes;
}

/** A message of the bus holds 4 MiB. */
const longestPiece = 1024 * 1024;

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += longestPiece)
    yield bytes.subarray(at, at + longestPiece);
}

/** The result of a command of which nothing was sent and nothing came. */
export const unsent = (command: CommandId, outcome: Outcome) => ({
  command,
  outcome,
  rows: 0,
  bytes: 0,
  output: null,
  parts: 0,
  tags: [],
  sent: null,
  ended: Date.now(),
});
