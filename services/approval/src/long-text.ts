import { createHash } from "node:crypto";
import { z } from "zod";
import { Parameter, type LongText } from "@sallyport/contracts";
import type { WholeText } from "./view.ts";

/**
 * Reads what OUTPUT holds of a long statement: its text, a newline, its parameters as one JSON line. Null unless
 * the bytes are the ones that the command names.
 */
export function readLongText(bytes: Buffer, named: LongText): WholeText | null {
  if (bytes.length !== named.bytes) return null;
  if (createHash("sha256").update(bytes).digest("hex") !== named.sha256) return null;
  const body = bytes.at(-1) === newline ? bytes.subarray(0, -1) : bytes;
  const cut = body.lastIndexOf(newline);
  if (cut < 0) return null;
  const parameters = z.array(Parameter).safeParse(jsonOrNull(body.subarray(cut + 1)));
  if (!parameters.success) return null;
  return { text: body.subarray(0, cut).toString("utf8"), parameters: parameters.data };
}

const newline = 0x0a;

function jsonOrNull(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return null;
  }
}
