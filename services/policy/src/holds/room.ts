/** Of the bucket's 256 MiB, which all principals share, with people's answers. */
const mostOfPrincipal = 16 * 1024 * 1024;
/** What a hold takes beside its command's line. */
const beside = 2048;

interface Kept {
  readonly principal: string;
  readonly size: number;
}

/**
 * How much of the bucket a principal's holds take for which nobody has answered, as far as this process has opened or
 * seen them: a principal that asks without end must leave room for the others.
 */
export class HoldRoom {
  readonly #kept = new Map<string, Kept>();
  readonly #sizes = new Map<string, number>();

  /** Whether a hold with such a line may be opened under the key. */
  has(key: string, principal: string, line: string): boolean {
    const known = this.#kept.get(key)?.size ?? 0;
    return (this.#sizes.get(principal) ?? 0) - known + sizeOf(line) <= mostOfPrincipal;
  }

  keep(key: string, principal: string, line: string): void {
    this.free(key);
    const size = sizeOf(line);
    this.#kept.set(key, { principal, size });
    this.#sizes.set(principal, (this.#sizes.get(principal) ?? 0) + size);
  }

  /** Somebody answered it, or it has left the bucket. */
  free(key: string): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    this.#kept.delete(key);
    const left = (this.#sizes.get(kept.principal) ?? 0) - kept.size;
    if (left > 0) this.#sizes.set(kept.principal, left);
    else this.#sizes.delete(kept.principal);
  }
}

/** Of what waits, its line is kept a second time. */
const sizeOf = (line: string): number => 2 * line.length + beside;
