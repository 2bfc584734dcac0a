import type { Analysis } from "@sallyport/sql";
import { analysisSize } from "./analysis-size.ts";

/** Characters; longer texts are read each time. */
export const longestRemembered = 16 * 1024;
/** How many texts, and how many bytes they and what was found of them may take. */
const limits = { texts: 2000, bytes: 32 * 1024 * 1024 };

/** What was found of texts: of so many that the oldest are forgotten for new ones. */
export class RememberedTexts<V extends Analysis | string> {
  readonly #found = new Map<string, { readonly found: V; readonly bytes: number }>();
  #bytes = 0;

  get(text: string): V | undefined {
    return this.#found.get(text)?.found;
  }

  set(text: string, found: V): void {
    if (text.length > longestRemembered) return;
    this.#forget(text);
    const bytes = 2 * text.length + (typeof found === "string" ? 0 : analysisSize(found));
    this.#bytes += bytes;
    this.#found.set(text, { found, bytes });
    while (this.#found.size > limits.texts || this.#bytes > limits.bytes) {
      const oldest = this.#found.keys().next();
      if (oldest.done) return;
      this.#forget(oldest.value);
    }
  }

  #forget(text: string): void {
    this.#bytes -= this.#found.get(text)?.bytes ?? 0;
    this.#found.delete(text);
  }

  get size(): number {
    return this.#found.size;
  }
}
