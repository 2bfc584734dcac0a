/** How many texts, how many characters of them, and how long one may be. */
const limits = { texts: 2000, characters: 8 * 1024 * 1024, longest: 16 * 1024 };

/** What was found of texts: of so many that the oldest are forgotten for new ones. */
export class RememberedTexts<V> {
  readonly #found = new Map<string, V>();
  #characters = 0;

  get(text: string): V | undefined {
    return this.#found.get(text);
  }

  set(text: string, found: V): void {
    if (text.length > limits.longest) return;
    if (!this.#found.delete(text)) this.#characters += text.length;
    this.#found.set(text, found);
    while (this.#found.size > limits.texts || this.#characters > limits.characters) {
      const oldest = this.#found.keys().next();
      if (oldest.done) return;
      this.#found.delete(oldest.value);
      this.#characters -= oldest.value.length;
    }
  }

  get size(): number {
    return this.#found.size;
  }
}
