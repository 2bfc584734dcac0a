import type { Bus } from "@sallyport/bus";
import { SallyError } from "@sallyport/runtime";
import { hearPeers, sayToPeers } from "./peers.ts";

/** How many sessions there may be at a time, on all workers together; absent ones are not limited. */
export interface CountLimits {
  readonly perPrincipal?: number | undefined;
  readonly perConnection?: number | undefined;
}

interface Counts {
  readonly principals: Record<string, number>;
  readonly connections: Record<string, number>;
}

/** How often a worker repeats its counts, and how long those of one that is silent are believed; milliseconds. */
const every = 1000;
const believed = 3000;
/** How often one that limits nothing says that it is there; milliseconds. */
const presence = 5000;
/** How long a change waits for others. */
const company = 20;

/**
 * Counts the sessions of principals and connections: this worker's exactly, log-ins under way included, the others' as
 * they last told. A worker that tells nothing any more counts for three seconds. So sessions that open on several workers
 * within the milliseconds that a message takes may pass a limit together; nothing waits for an answer, and no log-in
 * depends on one. Without a limit no count is told and none heard, only that the worker is there.
 */
export class SessionCounts {
  readonly #bus: Bus;
  readonly #limits: CountLimits;
  readonly #own = { principals: new Map<string, number>(), connections: new Map<string, number>() };
  readonly #others = new Map<string, { readonly counts: Counts; readonly at: number }>();
  readonly #timer: NodeJS.Timeout;
  readonly #limited: boolean;
  #soon: NodeJS.Timeout | undefined;

  constructor(bus: Bus, limits: CountLimits) {
    this.#bus = bus;
    this.#limits = limits;
    this.#limited = limits.perPrincipal !== undefined || limits.perConnection !== undefined;
    this.#timer = setInterval(() => this.#tell(), this.#limited ? every : presence).unref();
    if (!this.#limited) return;
    hearPeers(bus, (message, by) => {
      if (message.type === "sessions")
        this.#others.set(by, { counts: message, at: performance.now() });
    });
  }

  /** Counts one more; call what it gives when that is gone. @throws {SallyError} too-many-sessions */
  enter(principal: string, connection: string): () => void {
    const { perPrincipal, perConnection } = this.#limits;
    this.#require("principals", principal, perPrincipal, `principal \`${principal}\``);
    this.#require("connections", connection, perConnection, `connection \`${connection}\``);
    this.#add(principal, connection, 1);
    let counted = true;
    return () => {
      if (counted) this.#add(principal, connection, -1);
      counted = false;
    };
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
  }

  #require(of: keyof Counts, name: string, limit: number | undefined, whose: string): void {
    if (limit === undefined) return;
    let count = this.#own[of].get(name) ?? 0;
    const now = performance.now();
    for (const [worker, { counts, at }] of this.#others)
      if (now - at > believed) this.#others.delete(worker);
      else count += Object.hasOwn(counts[of], name) ? (counts[of][name] ?? 0) : 0;
    if (count >= limit)
      throw new SallyError("too-many-sessions", { params: { whose, limit: String(limit) } });
  }

  #add(principal: string, connection: string, by: 1 | -1): void {
    change(this.#own.principals, principal, by);
    change(this.#own.connections, connection, by);
    if (!this.#limited) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#tell();
    }, company);
  }

  #tell(): void {
    const { principals, connections } = this.#own;
    sayToPeers(this.#bus, {
      type: "sessions",
      principals: this.#limited ? Object.fromEntries(principals) : {},
      connections: this.#limited ? Object.fromEntries(connections) : {},
    });
  }
}

function change(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count > 0) counts.set(name, count);
  else counts.delete(name);
}
