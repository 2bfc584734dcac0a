export interface ConfigMistake {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** What is wrong. */
  readonly message: string;
  /** What would be right. */
  readonly hint?: string;
}

/** Every mistake of a config file, in the file's order. */
export class ConfigErrors extends Error {
  readonly mistakes: readonly ConfigMistake[];

  constructor(mistakes: readonly ConfigMistake[]) {
    const sorted = mistakes.toSorted((a, b) => a.line - b.line || a.column - b.column);
    super(sorted.map(mistakeText).join("\n"));
    this.name = "ConfigErrors";
    this.mistakes = sorted;
  }
}

/** `sallyport.yaml:3:5: what is wrong; what would be right`. */
const mistakeText = ({ file, line, column, message, hint }: ConfigMistake): string =>
  `${file}:${line}:${column}: ${message}${hint === undefined ? "" : `; ${hint}`}`;
