import type { Principal, SessionId } from "@sallyport/contracts";

/** A session as the worker sees it, whatever its protocol. */
export interface LiveSession {
  readonly id: SessionId;
  readonly principal: Principal;
  readonly connection: string;
  /** When it must end, in milliseconds since the epoch, and of `performance.now()`: a clock that is set back keeps none. */
  readonly until: number;
  readonly lasts: number;
  readonly idle: boolean;
  /** When it was opened, in milliseconds of `performance.now()`. */
  readonly opened: number;
  /** Whether it waits for its client, and since when. */
  readonly quiet: Quiet;
  /** Ends it with an error of the catalogue. */
  end(code: EndCode, params?: Readonly<Record<string, string>>): void;
  /** Asks the gates again whether it may be connected. */
  recheck(): void;
  /** Nothing leaves for the client, or it may again. */
  hush(silent: boolean): void;
}

export interface Quiet {
  readonly state: "idle" | "in-transaction" | "busy";
  /** In milliseconds of `performance.now()`. */
  readonly since: number;
}

export type EndCode =
  | "session-idle"
  | "idle-in-transaction"
  | "session-too-long"
  | "revoked"
  | "session-expired"
  | "session-ended"
  | "connection-taken-away"
  | "draining";

/** Every session of this worker. */
export class LiveSessions {
  readonly #all = new Map<SessionId, LiveSession>();
  readonly #emptied: (() => void)[] = [];

  get size(): number {
    return this.#all.size;
  }

  add(session: LiveSession): void {
    this.#all.set(session.id, session);
  }

  remove(id: SessionId): void {
    this.#all.delete(id);
    if (this.#all.size === 0) for (const tell of this.#emptied.splice(0)) tell();
  }

  get(id: SessionId): LiveSession | undefined {
    return this.#all.get(id);
  }

  each(act: (session: LiveSession) => void): void {
    // A session that ends takes itself out; a Map's iteration allows that.
    for (const session of this.#all.values()) act(session);
  }

  of(principal: string): LiveSession[] {
    return [...this.#all.values()].filter((session) => session.principal.id === principal);
  }

  /** Tells idle sessions to go, gives the others `patience` milliseconds. */
  async drain(patience: number): Promise<void> {
    const giveUp = performance.now() + patience;
    const sweep = (): void =>
      this.each((session) => {
        if (session.idle || performance.now() >= giveUp) session.end("draining");
      });
    sweep();
    if (this.#all.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setInterval(sweep, 100);
      this.#emptied.push(() => {
        clearInterval(timer);
        resolve();
      });
    });
  }
}
