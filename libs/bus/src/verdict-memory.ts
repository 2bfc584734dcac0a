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

const none: readonly string[] = [];

/**
 * Remembers for a while what was heard, so that a repeated verdict is told from a second one. Bounded: two
 * generations, of which the older is forgotten when the younger is full or old. Of nearly every command it is one
 * verdict's hash, and only that is kept.
 */
export class VerdictMemory {
  readonly #size: number;
  readonly #life: number;
  #young = new Map<CommandId, Heard | string>();
  #old = new Map<CommandId, Heard | string>();
  #turned = 0;

  constructor(size = 50_000, life = 60_000) {
    this.#size = size;
    this.#life = life;
  }

  get(command: CommandId): Heard | undefined {
    const heard = this.#young.get(command) ?? this.#old.get(command);
    return typeof heard === "string"
      ? { hash: heard, earlier: none, due: false, hold: null }
      : heard;
  }

  set(command: CommandId, heard: Heard, now: number): void {
    if (this.#young.size >= this.#size || now - this.#turned > this.#life) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#turned = now;
    }
    const { hash, earlier, due, hold } = heard;
    const plain = hash !== null && earlier.length === 0 && !due && hold === null;
    this.#young.set(command, plain ? hash : heard);
  }
}
