import { stripVTControlCharacters, styleText } from "node:util";

/** What a person reads, on standard output. */
export const say = (line = ""): void => {
  process.stdout.write(`${line}\n`);
};

/** One JSON object a line, on standard output. */
export const sayJson = (value: unknown): void => {
  process.stdout.write(`${jsonLine(value)}\n`);
};

/** JSON escapes what is below a space; here so is whatever else a terminal would act on, or not show. */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value).replaceAll(/[\u007F-\u009F\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, at) => escaped(character.charCodeAt(at))).join(""),
  );

const escaped = (unit: number): string => `\\u${unit.toString(16).padStart(4, "0")}`;

type Colour = "red" | "green" | "yellow" | "cyan" | "dim" | "bold";

/** Colours only where a terminal shows them; NO_COLOR is kept. */
export const paint = (colour: Colour, text: string): string =>
  styleText(colour, text, { stream: process.stdout });

/** Rows under headings, columns as wide as their widest cell. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = (cell = ""): number => stripVTControlCharacters(cell).length;
  const widths = headings.map((heading, column) =>
    Math.max(width(heading), ...rows.map((row) => width(row[column]))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
      .join("  ")
      .trimEnd();
  return [paint("dim", line(headings)), ...rows.map(line)].join("\n");
}
