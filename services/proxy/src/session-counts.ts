import { takeMessages, type Bus } from "@sallyport/bus";
import { Peer, subjects } from "@sallyport/contracts";
import { SallyError } from "@sallyport/runtime";

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
/** How long a change waits for others. */
const company = 20;

/**
 * Counts the sessions of principals and connections: this worker's exactly, log-ins under way included, the others' as
 * they last told. A worker that tells nothing any more counts for three seconds. So sessions that open on several workers
 * within the milliseconds that a message takes may pass a limit together; nothing waits for an answer, and no log-in
 * depends on one. Without a limit nothing is told and nothing heard.
 */
export class SessionCounts {
  readonly #bus: Bus;
  readonly #limits: CountLimits;
  readonly #own = { principals: new Map<string, number>(), connections: new Map<string, number>() };
  readonly #others = new Map<string, { readonly counts: Counts; readonly at: number }>();
  readonly #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;

  constructor(bus: Bus, limits: CountLimits) {
    this.#bus = bus;
    this.#limits = limits;
    if (limits.perPrincipal === undefined && limits.perConnection === undefined) return;
    this.#timer = setInterval(() => this.#tell(), every).unref();
    takeMessages(bus, subjects.cancel, Peer, (message) => {
      if (message.type !== "sessions" || message.from === bus.user) return;
      this.#others.set(message.from, { counts: message, at: performance.now() });
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
    if (this.#timer === undefined) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#tell();
    }, company);
  }

  #tell(): void {
    const { principals, connections } = this.#own;
    const told = {
      v: 1,
      type: "sessions",
      from: this.#bus.user,
      principals: Object.fromEntries(principals),
      connections: Object.fromEntries(connections),
    };
    if (this.#bus.connected) this.#bus.publish(subjects.cancel, JSON.stringify(told));
  }
}

function change(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count > 0) counts.set(name, count);
  else counts.delete(name);
}
