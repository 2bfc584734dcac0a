import { eventHash, type Close, type Open, type Own } from "./events.ts";
import type { SessionId, StartId } from "./ids.ts";

/** What somebody did at the deployment itself, not through it. */
export interface Act {
  readonly session: SessionId;
  /** The writer's run, and the act's number in it. */
  readonly start: StartId;
  readonly number: number;
  readonly time: number;
  /** Where it came from, as far as the writer knows; empty otherwise. */
  readonly address: string;
  readonly client: Readonly<Record<string, string>>;
  /** What kind of act, such as `revoke`. */
  readonly purpose: string;
  /** Public: what is done to whom, and why. */
  readonly text: string;
  /** Who, as they call themselves. */
  readonly by: string;
}

/** An act as the record has it: `open`, `own` and `close` of a session of its own, of protocol `operator`, each as its line. */
export function actLines(act: Act): string[] {
  const { session, start, number, time, address, client, purpose, text, by } = act;
  const lines: string[] = [];
  const write = (
    body: (chained: Pick<Own, "v" | "session" | "n" | "prev" | "time">) => Open | Own | Close,
  ): void => {
    const before = lines.at(-1);
    const prev = before === undefined ? null : eventHash(before);
    lines.push(JSON.stringify(body({ v: 1, session, n: lines.length + 1, prev, time })));
  };
  write((chained) => ({
    ...chained,
    type: "open",
    start,
    number,
    protocol: "operator",
    connection: "",
    address,
    tls: null,
    client: { ...client },
  }));
  write((chained) => ({ ...chained, type: "own", purpose, text, by }));
  write((chained) => ({ ...chained, type: "close", count: 3, reason: "done", bytes: 0 }));
  return lines;
}
