import type { CommandId, HoldId, SessionId } from "@sallyport/contracts";
import type { EventGist } from "./event-gist.ts";
import type { SessionPart } from "./session-index.ts";

type Summary = Omit<SessionPart, "events" | "output">;

/** What a list of sessions shows of one, gathered event by event. */
export class SessionSummary {
  #writer: string | null = null;
  #open: Summary["open"] = null;
  #close: Summary["close"] = null;
  #last = 0;
  readonly #numbers = new Set<number>();
  readonly #commands = new Set<number>();
  readonly #denied = new Set<CommandId>();
  readonly #held = new Map<CommandId, HoldId | null>();
  readonly #results = new Map<number, number>();

  add(writer: string, event: EventGist): void {
    this.#last = Math.max(this.#last, event.time);
    if ("n" in event) {
      this.#writer ??= writer;
      this.#numbers.add(event.n);
    }
    switch (event.type) {
      case "open":
        if (this.#open !== null && event.n > 1) return;
        this.#open = {
          time: event.time,
          principal: event.principal?.id ?? null,
          owner: event.principal?.owner ?? null,
          connection: event.connection,
          protocol: event.protocol,
          address: event.address,
          start: event.start,
          number: event.number,
        };
        return;
      case "command":
        this.#commands.add(event.n);
        return;
      case "refused":
        this.#commands.add(event.n);
        this.#denied.add(event.command);
        return;
      case "result":
        if (event.outcome === "refused-policy" || event.outcome === "refused-record")
          this.#denied.add(event.command);
        this.#results.set(event.n, event.bytes);
        return;
      case "verdict":
        if (event.decision === "deny") this.#denied.add(event.command);
        if (event.holds.length > 0) this.#held.set(event.command, event.hold?.id ?? null);
        return;
      case "close":
        this.#close = { time: event.time, n: event.n, reason: event.reason, bytes: event.bytes };
        return;
      case "own":
      case "approval":
    }
  }

  part(session: SessionId): Summary {
    return {
      session,
      writer: this.#writer,
      open: this.#open,
      close: this.#close,
      numbers: runs(this.#numbers),
      commands: [...this.#commands].toSorted((a, b) => a - b),
      denied: [...this.#denied],
      held: [...this.#held].map(([command, hold]) => ({ command, hold })),
      results: [...this.#results],
      last: this.#last,
    };
  }
}

/** Numbers as runs of neighbours: 1 2 3 7 → [1, 3] [7, 7]. */
export function runs(numbers: Iterable<number>): [first: number, last: number][] {
  const found: [number, number][] = [];
  for (const number of [...numbers].toSorted((a, b) => a - b)) {
    const last = found.at(-1);
    if (last !== undefined && number <= last[1] + 1) last[1] = number;
    else found.push([number, number]);
  }
  return found;
}

/** What runs leave out of 1 to `end`. */
export function gaps(
  there: readonly (readonly [first: number, last: number])[],
  end: number,
): [first: number, last: number][] {
  const found: [number, number][] = [];
  let next = 1;
  for (const [first, last] of there) {
    if (first > next) found.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= end) found.push([next, end]);
  return found;
}
