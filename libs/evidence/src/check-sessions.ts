import { ArchiveReader, type SessionParts } from "./archive-reader.ts";
import type { ArchiveStore } from "./archive-store.ts";
import { checkSession } from "./check-session.ts";
import type { Finding } from "./finding.ts";
import { checkStarts } from "./session-list.ts";
import { timeline } from "./session-record.ts";

/** Sessions that are read side by side. */
const readAtOnce = 8;

export interface SessionsCheck {
  /** Sessions that opened since then (milliseconds); all when left out. */
  readonly since?: number;
  readonly found: (finding: Finding) => void;
  readonly checked: (session: { readonly events: number }) => void;
}

/**
 * Each session's own numbers, hashes and output, and sessions that their worker counted and that are missing.
 * Returns how many opened too early to be looked at: their beginning lies in segments that are not read.
 */
export async function checkSessions(
  store: ArchiveStore,
  { since, found, checked }: SessionsCheck,
): Promise<number> {
  const reader = new ArchiveReader(store);
  const all = await reader.sessions(since);
  const wanted = since === undefined ? all : all.filter(hasOpened);
  const check = async (session: SessionParts): Promise<void> => {
    const record = await reader.read(session);
    for (const finding of checkSession(record)) found(finding);
    checked({ events: timeline(record).length });
  };
  for (let at = 0; at < wanted.length; at += readAtOnce)
    await Promise.all(wanted.slice(at, at + readAtOnce).map(check));
  for (const finding of reader.findings) found(finding);
  if (since === undefined) for (const finding of checkStarts(all)) found(finding);
  return all.length - wanted.length;
}

const hasOpened = ({ parts }: SessionParts): boolean =>
  parts.some(({ part }) => part.open !== null);
