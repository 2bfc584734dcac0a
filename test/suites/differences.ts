import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";

/** Where two outputs differ, and the last input line before it that both of them show. */
export interface Difference {
  /** The line of the input that was being answered, or an empty text. */
  readonly statement: string;
  readonly direct: readonly string[];
  readonly through: readonly string[];
}

/** Runs `diff` on two outputs in which the lines of the file `input` are repeated; null: they are not. */
export async function differencesOf(
  direct: string,
  through: string,
  input: string | null,
): Promise<Difference[]> {
  const text = input === null ? "" : await readFile(input, "utf8");
  const written = new Set(text.split("\n").filter((line) => /\S/.test(line)));
  const [lines, hunks] = [
    (await readFile(direct, "utf8")).split("\n"),
    await diff(direct, through),
  ];
  return hunks.map(({ from, ...rest }) => {
    let at = Math.min(from, lines.length - 1);
    while (at >= 0 && !written.has(lines[at] ?? "")) at -= 1;
    at = openingOf(lines, at);
    // A statement over several lines is named by its first.
    while (
      at > 0 &&
      written.has(lines[at - 1] ?? "") &&
      !/;\s*(--.*)?$/.test(lines[at - 1] ?? "")
    ) {
      if (/^(--|\\)/.test(lines[at - 1] ?? "")) break;
      at -= 1;
    }
    return { statement: at < 0 ? "" : (lines[at] ?? ""), ...rest };
  });
}

/** The line with which a text in dollars opens that the line `at` closes; else `at`. */
function openingOf(lines: readonly string[], at: number): number {
  const turns = (index: number): boolean => ((lines[index] ?? "").split("$$").length - 1) % 2 === 1;
  if (!turns(at)) return at;
  for (let opening = at - 1; opening >= 0; opening -= 1) if (turns(opening)) return opening;
  return at;
}

interface Hunk {
  /** Index of the line before it. */
  readonly from: number;
  readonly direct: readonly string[];
  readonly through: readonly string[];
}

async function diff(direct: string, through: string): Promise<Hunk[]> {
  const child = spawn("diff", ["--text", "--unified=0", direct, through], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  const [code] = (await once(child, "close")) as [number];
  if (code > 1) throw new Error(`diff ended with ${code}`);
  const hunks: { from: number; direct: string[]; through: string[] }[] = [];
  for (const line of Buffer.concat(parts).toString("utf8").split("\n").slice(2)) {
    const head = /^@@ -(\d+)(?:,(\d+))? /.exec(line);
    if (head) {
      // With no lines of its own, the number is already that of the line before.
      const from = Number(head[1]) - (head[2] === "0" ? 1 : 2);
      hunks.push({ from, direct: [], through: [] });
    } else if (line.startsWith("-")) hunks.at(-1)?.direct.push(line.slice(1));
    else if (line.startsWith("+")) hunks.at(-1)?.through.push(line.slice(1));
  }
  return hunks;
}
