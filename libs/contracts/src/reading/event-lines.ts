import { isAscii } from "node:buffer";
import type { Command } from "../events.ts";
import type { Verdict } from "../verdict.ts";
import { CommandLines } from "./command-line.ts";
import { VerdictLines } from "./verdict-line.ts";

const command = '{"v":1,"type":"command",';
const verdict = '{"v":1,"type":"verdict",';
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads the lines that come by the thousand, as their writers order them, at a fraction of what the schemas take: what
 * repeats itself from line to line is read once. INVARIANT: a line that is read here is one that the schema of its type
 * reads, with equal values (frozen where lines share them); whatever else it is left to the schema.
 */
export class EventLines {
  readonly #commands = new CommandLines();
  readonly #verdicts = new VerdictLines();

  /** `line` has no newline. Null: only the schemas can tell what it is, an event or none. */
  read(line: Uint8Array): Command | Verdict | null {
    const text = textOf(line);
    if (text?.startsWith(command)) return this.#commands.read(text);
    return text?.startsWith(verdict) ? this.#verdicts.read(text) : null;
  }
}

function textOf(line: Uint8Array): string | null {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.length);
  if (isAscii(bytes)) return bytes.toString("latin1");
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}
