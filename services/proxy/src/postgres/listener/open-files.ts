import { readdirSync, readFileSync } from "node:fs";

const filesPerSession = 2;
/** Kept for the bus, the log, catalog connections and cancels, beside what handshakes may take. */
const reserve = 32;
const fallback = 1024;

/** Lets a session in, and counts it, or tells that its two files could be too many. @param sessions under way */
export function roomForSession(sessions: number): boolean {
  ours ??= new OpenFiles({
    limit: ownOpenFilesLimit(),
    count: countOpenFiles,
    now: () => performance.now(),
  });
  return ours.letIn(sessions);
}

/** Limit and files are the process's, so there is one. */
let ours: OpenFiles | undefined;

/** How many clients may be in their handshakes at a time, each with a file: a quarter, at most 1000. */
export const mostHandshakes = (limit: number): number => Math.min(1000, Math.floor(limit / 4));

/** The soft limit of open files. @param limits the text of /proc/self/limits */
export function openFilesLimit(limits: string): number {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return fallback;
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

/** Of this process; 1024 where the system does not tell. */
export function ownOpenFilesLimit(): number {
  try {
    return openFilesLimit(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return fallback;
  }
}

/** Counts the open files now and then, and what it has let in since. */
export class OpenFiles {
  readonly #most: number;
  readonly #count: () => number | null;
  readonly #now: () => number;
  #files = 0;
  #letIn = 0;
  #countedAt = Number.NEGATIVE_INFINITY;
  #took = 0;

  /** @param options `count` gives null where the system does not tell; `now` is in milliseconds */
  constructor(options: {
    readonly limit: number;
    readonly count: () => number | null;
    readonly now: () => number;
  }) {
    this.#most = options.limit - mostHandshakes(options.limit) - reserve;
    this.#count = options.count;
    this.#now = options.now;
  }

  letIn(sessions: number): boolean {
    this.#countAgain(sessions, 1000, 100);
    // Before a no, see whether those let in before have left.
    if (!this.#fits()) this.#countAgain(sessions, 50, 10);
    if (!this.#fits()) return false;
    this.#letIn++;
    return true;
  }

  #fits(): boolean {
    return this.#files + (this.#letIn + 1) * filesPerSession <= this.#most;
  }

  /** Not before `pause` ms are over, nor `share` times what the last count took: it must not slow the worker. */
  #countAgain(sessions: number, pause: number, share: number): void {
    const now = this.#now();
    if (now - this.#countedAt < Math.max(pause, share * this.#took)) return;
    this.#files = this.#count() ?? sessions * filesPerSession;
    this.#letIn = 0;
    this.#countedAt = this.#now();
    this.#took = this.#countedAt - now;
  }
}

function countOpenFiles(): number | null {
  try {
    return readdirSync("/dev/fd").length;
  } catch {
    return null;
  }
}
