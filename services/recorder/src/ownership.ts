import type { RecordEvent, SessionId } from "@sallyport/contracts";
import type { SessionPart } from "@sallyport/evidence";

const rememberedSessions = 200_000;
const rememberedEvents = 200_000;

/**
 * Which worker a session belongs to, and what its recent events were. Bounded, so it may forget; the archive's
 * reader checks the same over the whole session.
 */
export class Ownership {
  readonly #owners = new Map<SessionId, string>();
  readonly #hashes = new Map<string, string>();

  /** Learns from a segment that is archived already. */
  learn({ session, writer }: SessionPart): void {
    if (writer !== null) remember(this.#owners, session, writer, rememberedSessions);
  }

  /**
   * Whether a message on this worker's subject may speak of the session. The worker of a session's first event
   * owns it; before that anything may: a verdict can be stored before its command.
   */
  mayWrite(worker: string, session: SessionId): boolean {
    const owner = this.#owners.get(session);
    return owner === undefined || owner === worker;
  }

  /** Notes an event of the owner. False when a different one came under the same number. */
  note(worker: string, event: RecordEvent, hash: string): boolean {
    if (!("n" in event)) return true;
    remember(this.#owners, event.session, worker, rememberedSessions);
    const number = `${event.session} ${event.n}`;
    const known = this.#hashes.get(number);
    if (known === undefined) remember(this.#hashes, number, hash, rememberedEvents);
    return known === undefined || known === hash;
  }
}

function remember<K, V>(map: Map<K, V>, key: K, value: V, limit: number): void {
  if (map.has(key)) return;
  map.set(key, value);
  if (map.size <= limit) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
