import type { CommandId } from "@sallyport/contracts";

/** What was heard about a command that waits no longer. */
export interface Heard {
  /** Hash of the last verdict line; null when none came. */
  readonly hash: string | null;
  /** Hashes of the lines before it: one a hold on which it waited. */
  readonly earlier: readonly string[];
  /** Whether one more verdict may come: none came yet, or a hold is not answered yet. */
  readonly due: boolean;
  /** Key of the hold that it waited on or took; null without one. */
  readonly hold: string | null;
}

/**
 * Remembers for a while what was heard, so that a repeated verdict is told from a second one. Bounded: two
 * generations, of which the older is forgotten when the younger is full or old.
 */
export class VerdictMemory {
  readonly #size: number;
  readonly #life: number;
  #young = new Map<CommandId, Heard>();
  #old = new Map<CommandId, Heard>();
  #turned = 0;

  constructor(size = 50_000, life = 60_000) {
    this.#size = size;
    this.#life = life;
  }

  get(command: CommandId): Heard | undefined {
    return this.#young.get(command) ?? this.#old.get(command);
  }

  set(command: CommandId, heard: Heard, now: number): void {
    if (this.#young.size >= this.#size || now - this.#turned > this.#life) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#turned = now;
    }
    this.#young.set(command, heard);
  }
}
