import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

const margin = "   ";
const width = 96;

/** What a person sees. Colours and moving lines only where a terminal shows them; NO_COLOR is kept. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #passed = 0;
  readonly #failed: string[] = [];

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out;
  }

  get failures(): readonly string[] {
    return this.#failed;
  }

  get checks(): number {
    return this.#passed + this.#failed.length;
  }

  line(text = ""): void {
    this.#out.write(`${text}\n`);
  }

  title(text: string): void {
    this.line();
    this.line(`${margin}${this.paint("bold", text)}`);
    this.line();
  }

  /** Says what is being done while it is done, then how long it took. */
  async progress<T>(what: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const moving = this.#out.isTTY;
    if (moving) this.#out.write(`${margin}${this.paint("dim", `· ${what} …`)}`);
    try {
      const value = await work();
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const done = `${margin}${this.paint("green", "✓")} ${what} ${this.paint("dim", `${seconds} s`)}`;
      this.#out.write(moving ? `\r\u001B[K${done}\n` : `${done}\n`);
      return value;
    } catch (cause) {
      if (moving) this.#out.write("\r\u001B[K");
      this.line(`${margin}${this.paint("red", "✗")} ${what}`);
      throw cause;
    }
  }

  step(number: number, title: string): void {
    this.line();
    this.line(this.paint("dim", "─".repeat(width + margin.length)));
    this.line(`${this.paint("cyan", String(number).padStart(2))} ${this.paint("bold", title)}`);
    this.line();
  }

  /** A command as somebody types it; a long one may have several lines. */
  command(who: string, text: string): void {
    const [first = "", ...rest] = text.split("\n");
    this.line(
      `${margin}${this.paint("dim", who)} ${this.paint("cyan", "$")} ${this.paint("bold", first)}`,
    );
    const indent = " ".repeat(who.length + 3);
    for (const line of rest) this.line(`${margin}${indent}${this.paint("bold", line)}`);
  }

  /** What came back, as it came. */
  answer(text: string): void {
    const trimmed = text.replace(/\n+$/, "");
    if (trimmed === "") return;
    for (const line of trimmed.split("\n"))
      this.line(`${margin}${this.#answerLine(line)}`.trimEnd());
    this.line();
  }

  /** What to notice. */
  notice(text: string): void {
    for (const [index, line] of wrap(text, width - 2).entries())
      this.line(`${margin}${this.paint("yellow", index === 0 ? "→" : " ")} ${line}`);
  }

  /** Whether a step showed what it should. */
  check(what: string, holds: boolean): void {
    if (holds) {
      this.#passed += 1;
      this.line(`${margin}${this.paint("green", "✓")} ${this.paint("dim", what)}`);
    } else {
      this.#failed.push(what);
      this.line(`${margin}${this.paint("red", `✗ ${what}`)}`);
    }
  }

  paint(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#out });
  }

  #answerLine(line: string): string {
    if (/^(ERROR|FATAL|sally):/.test(line)) return this.paint("red", line);
    if (/^(NOTICE|WARNING):/.test(line)) return this.paint("yellow", line);
    return line;
  }
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
