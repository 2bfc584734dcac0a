import type { Checked } from "@sallyport/evidence";
import { counted, size } from "../readable.ts";

const every = 200;

/** One line on standard error that is written over, where a terminal shows it. */
export class ProgressLine {
  readonly #shown = process.stderr.isTTY;
  #last = 0;

  show({ manifests, bytes, sessions }: Readonly<Checked>): void {
    const now = performance.now();
    if (!this.#shown || now - this.#last < every) return;
    this.#last = now;
    const text = `${counted(manifests, "manifest")}, ${size(bytes)}, ${counted(sessions, "session")} …`;
    process.stderr.write(`\r\u001B[K${text}`);
  }

  /** Before anything else is written. */
  clear(): void {
    if (this.#shown && this.#last > 0) process.stderr.write("\r\u001B[K");
    this.#last = 0;
  }
}
