import type { Bus } from "@sallyport/bus";
import type { SessionId } from "@sallyport/contracts";
import type { Log } from "@sallyport/runtime";
import { hearPeers, sayToPeers } from "../peers.ts";
import { cancelKeyHash, sameCancelKey } from "./cancel-keys.ts";
import type { Connections } from "./connections.ts";
import type { Target } from "./upstream/open-target.ts";
import { sendCancel } from "./upstream/send-cancel.ts";

interface Cancellable {
  readonly pid: number;
  readonly key: Buffer;
  readonly cancel: () => Promise<void>;
}

/** What another worker was asked to cancel. */
interface Question {
  readonly pid: number;
  readonly hash: string;
  readonly done: () => void;
}

/** Questions to the other workers a second, at most: a CancelRequest needs no log-in. */
const mostAsked = 20;

/**
 * CancelRequests: those of this worker's sessions, and those that arrive here for another worker's. The one that has
 * the session says the question again, as its own, once its target has been told.
 */
export class Cancels {
  readonly #bus: Bus;
  readonly #connections: Connections;
  readonly #log: Log;
  readonly #patience: number;
  readonly #sessions = new Map<SessionId, Cancellable>();
  #asked = 0;
  /** What other workers were asked and have not answered. */
  readonly #questions = new Set<Question>();
  readonly #second: NodeJS.Timeout;

  /** @param patience how long another worker may take to say that it has cancelled, in milliseconds */
  constructor(bus: Bus, connections: Connections, log: Log, patience = 2000) {
    this.#patience = patience;
    this.#bus = bus;
    this.#connections = connections;
    this.#log = log;
    this.#second = setInterval(() => {
      this.#asked = 0;
    }, 1000).unref();
    hearPeers(bus, (message) => {
      if (message.type === "ddl") connections.markStale(message.connection);
      else if (message.type === "cancel") this.#heard(message.pid, message.key);
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
   * has been told, here or by another worker, or that one has had its time; never rejects.
   */
  async request(pid: number, key: Buffer): Promise<void> {
    const hash = cancelKeyHash(key);
    const cancelled = this.#cancel(pid, hash);
    if (cancelled) return await cancelled;
    if (this.#asked >= mostAsked) return;
    this.#asked += 1;
    await new Promise<void>((resolve) => {
      const question: Question = { pid, hash, done };
      const late = setTimeout(() => done(), this.#patience).unref();
      const questions = this.#questions;
      questions.add(question);
      function done(): void {
        clearTimeout(late);
        questions.delete(question);
        resolve();
      }
      if (!this.#say(pid, hash)) done();
    });
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
    for (const { done } of this.#questions) done();
  }

  /** A question of another worker, or its answer to one of ours: no session of ours, nothing to say. */
  #heard(pid: number, hash: string): void {
    const cancelled = this.#cancel(pid, hash);
    if (cancelled) {
      void cancelled.then(() => this.#say(pid, hash));
      return;
    }
    // The answers come in the order of the questions.
    for (const question of this.#questions)
      if (question.pid === pid && question.hash === hash) return question.done();
  }

  #say(pid: number, hash: string): boolean {
    return sayToPeers(this.#bus, { type: "cancel", pid, key: hash });
  }

  #cancel(pid: number, hash: string): Promise<void> | null {
    for (const session of this.#sessions.values()) {
      if (session.pid !== pid || !sameCancelKey(session.key, hash)) continue;
      return session.cancel();
    }
    return null;
  }
}
