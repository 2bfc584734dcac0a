import { takeMessages, type Bus } from "@sallyport/bus";
import { Peer, subjects, type SessionId } from "@sallyport/contracts";
import type { Log } from "@sallyport/runtime";
import { cancelKeyHash, sameCancelKey } from "./cancel-keys.ts";
import type { Connections } from "./connections.ts";
import type { Target } from "./upstream/open-target.ts";
import { sendCancel } from "./upstream/send-cancel.ts";

interface Cancellable {
  readonly pid: number;
  readonly key: Buffer;
  readonly cancel: () => Promise<void>;
}

/** Questions to the other workers a second, at most: a CancelRequest needs no log-in. */
const mostAsked = 20;

/** CancelRequests: those of this worker's sessions, and those that arrive here for another worker's. */
export class Cancels {
  readonly #bus: Bus;
  readonly #connections: Connections;
  readonly #log: Log;
  readonly #sessions = new Map<SessionId, Cancellable>();
  #asked = 0;
  readonly #second: NodeJS.Timeout;

  constructor(bus: Bus, connections: Connections, log: Log) {
    this.#bus = bus;
    this.#connections = connections;
    this.#log = log;
    this.#second = setInterval(() => {
      this.#asked = 0;
    }, 1000).unref();
    takeMessages(bus, subjects.cancel, Peer, (message) => {
      if (message.from === bus.user) return;
      if (message.type === "ddl") connections.markStale(message.connection);
      else if (message.type === "cancel") void this.#cancel(message.pid, message.key);
    });
  }

  add(id: SessionId, session: Cancellable): void {
    this.#sessions.set(id, session);
  }

  remove(id: SessionId): void {
    this.#sessions.delete(id);
  }

  /**
   * A CancelRequest arrived. Nobody is told whether it found anything, as PostgreSQL does. Settles when the target
   * has been told, or the worker that may have the session asked; never rejects.
   */
  async request(pid: number, key: Buffer): Promise<void> {
    const hash = cancelKeyHash(key);
    const cancelled = this.#cancel(pid, hash);
    if (cancelled) return await cancelled;
    if (this.#asked >= mostAsked) return;
    this.#asked += 1;
    const question = { v: 1, type: "cancel", from: this.#bus.user, pid, key: hash };
    this.#bus.publish(subjects.cancel, JSON.stringify(question));
  }

  /** Cancels what a target runs for one of our sessions; settles when the target has done so, never rejects. */
  async target(connection: string, { pid, key }: Target): Promise<void> {
    await this.#connections
      .target(connection, new Map())
      .then((address) => sendCancel(address, pid, key, AbortSignal.timeout(5000)))
      .catch((err: unknown) => this.#log.warn({ err, connection }, "a cancel did not arrive"));
  }

  stop(): void {
    clearInterval(this.#second);
  }

  #cancel(pid: number, hash: string): Promise<void> | null {
    for (const session of this.#sessions.values()) {
      if (session.pid !== pid || !sameCancelKey(session.key, hash)) continue;
      return session.cancel();
    }
    return null;
  }
}
