import type { SessionId } from "@sallyport/contracts";
import type { SessionPart } from "@sallyport/evidence";
import { Recent } from "./recent.ts";

const rememberedSessions = 100_000;
const rememberedEvents = 64_000;

interface Owned {
  readonly writer: string;
  /** The highest number that was noted; what has a higher one was not there before. */
  last: number;
}

/**
 * Which worker a session belongs to, and what its recent events were. Bounded, so it may forget; the archive's
 * reader checks the same over the whole session.
 */
export class Ownership {
  readonly #sessions = new Recent<SessionId, Owned>(rememberedSessions);
  readonly #hashes = new Recent<string, string>(rememberedEvents);

  /** Learns from a segment that is archived already. */
  learn({ session, writer }: SessionPart): void {
    if (writer !== null && this.#sessions.get(session) === undefined)
      this.#sessions.set(session, { writer, last: 0 });
  }

  /**
   * Whether a message on this worker's subject may speak of the session. The worker of a session's first event
   * owns it; before that anything may: a verdict can be stored before its command.
   */
  mayWrite(worker: string, session: SessionId): boolean {
    const owned = this.#sessions.get(session);
    return owned === undefined || owned.writer === worker;
  }

  /** Notes the owner's event `n`. False when a different one came under the same number. */
  note(worker: string, session: SessionId, n: number, hash: string): boolean {
    let owned = this.#sessions.get(session);
    if (owned === undefined) this.#sessions.set(session, (owned = { writer: worker, last: 0 }));
    const key = session + n;
    if (n <= owned.last) {
      const known = this.#hashes.get(key);
      if (known !== undefined) return known === hash;
    } else owned.last = n;
    this.#hashes.set(key, hash);
    return true;
  }
}
