import { Parameter } from "@sallyport/contracts";
import { z } from "zod";

const Parameters = z.array(Parameter);

/** A long statement as OUTPUT has it: its text, a newline, its parameters as one line of JSON. */
export function readLongStatement(parts: readonly Buffer[]): {
  readonly text: string;
  readonly parameters: readonly Parameter[];
} {
  const whole = Buffer.concat(parts).toString("utf8").replace(/\n$/, "");
  const cut = whole.lastIndexOf("\n");
  try {
    const parameters = Parameters.parse(JSON.parse(whole.slice(cut + 1)));
    return { text: whole.slice(0, Math.max(0, cut)), parameters };
  } catch {
    return { text: whole, parameters: [] };
  }
}
