import type { CommandId } from "@sallyport/contracts";
import { RememberedHashes } from "./remembered-hashes.ts";

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

/** As nearly all are: one verdict came, no hold, nothing more is due. */
const isPlain = ({ earlier, due, hold }: Heard): boolean =>
  earlier.length === 0 && !due && hold === null;

/** What was heard in a stretch of time. Of nearly every command it is one verdict's hash. */
class Generation {
  readonly #plain: RememberedHashes;
  readonly #others = new Map<CommandId, Heard>();

  constructor(size: number) {
    this.#plain = new RememberedHashes(size);
  }

  get isFull(): boolean {
    return this.#plain.isFull || this.#others.size >= this.#plain.most;
  }

  get(command: CommandId): Heard | undefined {
    const other = this.#others.get(command);
    if (other !== undefined) return other;
    const hash = this.#plain.get(command);
    return hash === undefined ? undefined : { hash, earlier: none, due: false, hold: null };
  }

  set(command: CommandId, heard: Heard): void {
    if (this.#others.size > 0) this.#others.delete(command);
    if (heard.hash !== null && isPlain(heard)) this.#plain.set(command, heard.hash);
    else this.#others.set(command, heard);
  }

  clear(): void {
    this.#plain.clear();
    this.#others.clear();
  }
}

/**
 * Remembers for a while what was heard, so that a repeated verdict is told from a second one. Bounded: two
 * generations, of which the older is forgotten when the younger is full or old.
 */
export class VerdictMemory {
  readonly #life: number;
  #young: Generation;
  #old: Generation;
  #turned = 0;

  constructor(size = 50_000, life = 60_000) {
    this.#life = life;
    this.#young = new Generation(size);
    this.#old = new Generation(size);
  }

  get(command: CommandId): Heard | undefined {
    return this.#young.get(command) ?? this.#old.get(command);
  }

  set(command: CommandId, heard: Heard, now: number): void {
    if (this.#young.isFull || now - this.#turned > this.#life) {
      const forgotten = this.#old;
      forgotten.clear();
      this.#old = this.#young;
      this.#young = forgotten;
      this.#turned = now;
    }
    this.#young.set(command, heard);
  }
}
