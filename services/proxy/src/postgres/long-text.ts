import { createHash } from "node:crypto";
import {
  encodeLongText,
  type CommandId,
  type LongText,
  type OutputChunk,
  type SessionId,
} from "@sallyport/contracts";
import type { Judged } from "./judged.ts";

/** Bytes of text and parameters that travel with their command; more go through OUTPUT first (design §6). */
const longest = 64 * 1024;
const pieceLength = 256 * 1024;

/** Whether it has too many bytes of text and parameters, as they are recorded, to travel with its event. */
export function isLong({ text, parameters }: Judged): boolean {
  // A character takes three bytes at most: few are long enough to be counted.
  let bytes = text.length * 3;
  for (const { value } of parameters) bytes += value === null ? 0 : value.length * 3;
  if (bytes <= longest) return false;
  bytes = Buffer.byteLength(text);
  for (const { value } of parameters) bytes += value === null ? 0 : Buffer.byteLength(value);
  return bytes > longest;
}

/** A long command in the pieces that OUTPUT takes, with what its event says in its place. */
export function longText(
  session: SessionId,
  command: CommandId,
  judged: Judged,
): { readonly text: string; readonly long: LongText; readonly chunks: readonly OutputChunk[] } {
  const whole = encodeLongText(judged);
  const chunks: OutputChunk[] = [];
  for (let at = 0; at < whole.length; at += pieceLength) {
    const body = whole.subarray(at, at + pieceLength);
    const about = { session, command, kind: "text", part: chunks.length + 1 } as const;
    chunks.push({ header: { v: 1, type: "output", ...about, bytes: body.length }, body });
  }
  return {
    text: beginning(judged.text),
    long: {
      sha256: createHash("sha256").update(whole).digest("hex"),
      bytes: whole.length,
      parts: chunks.length,
    },
    chunks,
  };
}

/** The first 4 KiB or so, whole characters only. */
const beginning = (text: string): string =>
  text.length <= 4096 ? text : text.slice(0, 4096).replace(/[\uD800-\uDBFF]$/, "");
