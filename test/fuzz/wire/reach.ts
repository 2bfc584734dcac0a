/** Counts by name, and how many bytes were read: what a run reached. */
export class Reach {
  bytes = 0;
  readonly #counts = new Map<string, Map<string, number>>();

  count(what: string, name: string, times = 1): void {
    const names = this.#counts.get(what) ?? new Map<string, number>();
    this.#counts.set(what, names);
    names.set(name, (names.get(name) ?? 0) + times);
  }

  of(what: string): number {
    return [...(this.#counts.get(what)?.values() ?? [])].reduce((sum, times) => sum + times, 0);
  }

  text(title: string): string {
    return [
      `${title}: ${(this.bytes / 1e6).toFixed(1)} MB`,
      ...Array.from(this.#counts, ([what, names]) => {
        const all = [...names].toSorted(([, a], [, b]) => b - a);
        return `  ${what} ${this.of(what)}: ${all.map(([name, times]) => `${name} ${times}`).join(", ")}`;
      }),
    ].join("\n");
  }
}
