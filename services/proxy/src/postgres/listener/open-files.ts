import { readdirSync, readFileSync } from "node:fs";

/** Kept for what no session asked for: bus, log, catalog connections, clients in their handshakes. */
const reserve = 64;
const filesPerSession = 2;
const fallback = 1024;

/** Whether this worker may take one more session beside the `sessions` that it has. */
export function roomForSession(sessions: number): boolean {
  ours ??= new OpenFiles({
    limit: openFilesLimit(ownLimits()),
    count: countOpenFiles,
    now: () => performance.now(),
  });
  return ours.roomBeside(sessions);
}

/** Limit and files are the process's, so there is one. */
let ours: OpenFiles | undefined;

/** The soft limit of open files. @param limits the text of /proc/self/limits */
export function openFilesLimit(limits: string): number {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return fallback;
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

/** Counts the open files now and then, and reckons in between with two a session. */
export class OpenFiles {
  readonly #limit: number;
  readonly #count: () => number;
  readonly #now: () => number;
  #files = 0;
  #sessions = 0;
  #nextCount = Number.NEGATIVE_INFINITY;

  /** @param options `now` in milliseconds */
  constructor(options: {
    readonly limit: number;
    readonly count: () => number;
    readonly now: () => number;
  }) {
    this.#limit = options.limit;
    this.#count = options.count;
    this.#now = options.now;
  }

  roomBeside(sessions: number): boolean {
    this.#countAgain(sessions);
    const files = this.#files + (sessions + 1 - this.#sessions) * filesPerSession;
    return files <= this.#limit - reserve;
  }

  /** At most once a second, and so that counting takes no more than a hundredth of the time. */
  #countAgain(sessions: number): void {
    const before = this.#now();
    if (before < this.#nextCount) return;
    this.#files = this.#count();
    this.#sessions = sessions;
    const after = this.#now();
    this.#nextCount = after + Math.max(1000, 100 * (after - before));
  }
}

function ownLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}

/** 0 where the system does not tell: then only the sessions that come count. */
function countOpenFiles(): number {
  try {
    return readdirSync("/dev/fd").length;
  } catch {
    return 0;
  }
}
