import { createHash } from "node:crypto";
import { z } from "zod";
import { Parameter, type LongText } from "./events.ts";

/** A statement as it was judged. */
export interface WholeText {
  readonly text: string;
  readonly parameters: readonly Parameter[];
}

const newline = 0x0a;

/**
 * The bytes of a long statement as OUTPUT carries them, cut into parts anywhere: its text, a newline, its parameters
 * as one JSON line. A command names them by their SHA-256, number and parts.
 */
export const encodeLongText = ({ text, parameters }: WholeText): Buffer =>
  Buffer.from(`${text}\n${JSON.stringify(parameters)}\n`, "utf8");

/** Reads them back; null unless they are the bytes that the command names. */
export function decodeLongText(bytes: Buffer, named: Omit<LongText, "parts">): WholeText | null {
  if (bytes.length !== named.bytes || bytes.at(-1) !== newline) return null;
  if (createHash("sha256").update(bytes).digest("hex") !== named.sha256) return null;
  const body = bytes.subarray(0, -1);
  const cut = body.lastIndexOf(newline);
  if (cut < 0) return null;
  const parameters = z.array(Parameter).safeParse(jsonOrNull(body.subarray(cut + 1)));
  if (!parameters.success) return null;
  return { text: body.subarray(0, cut).toString("utf8"), parameters: parameters.data };
}

function jsonOrNull(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return null;
  }
}
