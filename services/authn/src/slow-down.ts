import { isIPv6 } from "node:net";

export interface SlowDownOptions {
  /** Failures in a row that are let through. */
  readonly failures: number;
  /** Milliseconds after which one more is. */
  readonly every: number;
  /** How many keys are remembered; the least recently failed is forgotten first. */
  readonly size: number;
}

/** Counts failures by key as a bucket that drains: whoever fails too often must wait. Bounded. `now` is a monotonic clock's. */
export class SlowDown {
  readonly #options: SlowDownOptions;
  readonly #levels = new Map<string, { level: number; at: number }>();

  constructor(options: SlowDownOptions) {
    this.#options = options;
  }

  isSlowed(key: string, now: number): boolean {
    return this.#level(key, now) > this.#options.failures - 1;
  }

  failed(key: string, now: number): void {
    const level = Math.min(this.#level(key, now) + 1, this.#options.failures);
    this.#levels.delete(key);
    this.#levels.set(key, { level, at: now });
    for (const oldest of this.#levels.keys()) {
      if (this.#levels.size <= this.#options.size) break;
      this.#levels.delete(oldest);
    }
  }

  #level(key: string, now: number): number {
    const known = this.#levels.get(key);
    return known ? Math.max(0, known.level - (now - known.at) / this.#options.every) : 0;
  }
}

/** The part of `host:port` or `[host]:port` that one caller can hardly change: an IPv4 address, an IPv6 /64. */
export function placeOf(address: string): string {
  const host = address.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(host)) return host;
  const [left = "", right] = host.split("%")[0]?.split("::") ?? [];
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const filled = [
    ...head,
    ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0"),
    ...tail,
  ];
  return filled
    .slice(0, 4)
    .map((part) => Number.parseInt(part, 16).toString(16))
    .join(":");
}
