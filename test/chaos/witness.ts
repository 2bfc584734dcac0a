import type { CommandId, RecordEvent } from "@sallyport/contracts";
import {
  ArchiveReader,
  chainLength,
  checkChain,
  checkSession,
  checkStarts,
  decodeEvents,
  manifestAt,
  readIndex,
  readStretches,
  type EventEntry,
  type Finding,
} from "@sallyport/evidence";
import { approverId } from "./approver.ts";
import type { Deployed } from "./deployed.ts";
import { canary } from "./shop.ts";
import { statementKey } from "./statement-key.ts";

/** What the evidence says so far, read segment by segment as the recorder writes it, beside PostgreSQL's own log. */
export class Witness {
  readonly #deployment: Deployed;
  readonly #commands = new Map<number, CommandId[]>();
  readonly #passed = new Set<CommandId>();
  readonly #outcomes = new Map<CommandId, string>();
  readonly #own = new Set<string>();
  /** Commands that the approver approved. */
  readonly #approved = new Set<CommandId>();
  /** Hashes by session and number: what was stored twice is one event. */
  readonly #events = new Map<string, string>();
  #read = 0;
  #repeated = 0;
  readonly conflicts: string[] = [];

  constructor(deployment: Deployed) {
    this.#deployment = deployment;
  }

  get counts(): { events: number; repeated: number; commands: number; segments: number } {
    return {
      events: this.#events.size,
      repeated: this.#repeated,
      commands: this.#commands.size,
      segments: this.#read,
    };
  }

  /** Reads what the archive has by now. */
  async follow(): Promise<number> {
    const { archive } = this.#deployment;
    const end = await chainLength(archive, 0);
    while (this.#read < end) {
      const { manifest } = await manifestAt(archive, 0, this.#read + 1);
      const object = manifest.objects.find(({ kind }) => kind === "index");
      if (object) {
        const index = readIndex((await archive.get(object.key)) ?? Buffer.alloc(0), object.key);
        const { events } = index;
        if (events)
          for (const { events: stretches } of index.sessions)
            for (const entry of decodeEvents(await readStretches(archive, events, stretches)))
              if (entry.kind === "event") this.#take(entry);
      }
      this.#read += 1;
    }
    return end;
  }

  /**
   * INVARIANT (I1): statements that PostgreSQL says it ran, and of which the archive has no command with an open
   * verdict, nor an own statement. Each is there at most once. INVARIANT (I4): `unapproved` needed an approval, and
   * the archive has none.
   */
  async unrecorded(): Promise<{
    unrecorded: string[];
    doubled: string[];
    unapproved: string[];
    ran: number;
  }> {
    const ran = (await this.#deployment.target.statements()).filter(
      ({ user, continued }) => user === "shop_app" && continued !== true,
    );
    const seen = new Set<number>();
    const doubled: string[] = [];
    const unapproved: string[] = [];
    const unrecorded = ran.filter(({ text, parameters }) => {
      const key = statementKey(text, parameters);
      if (key === undefined) return !this.#own.has(text);
      if (seen.has(key)) doubled.push(text);
      seen.add(key);
      const commands = this.#commands.get(key) ?? [];
      if (
        text.startsWith("INSERT INTO held ") &&
        !commands.some((command) => this.#approved.has(command))
      )
        unapproved.push(text);
      return !commands.some((command) => this.#passed.has(command));
    });
    return {
      unrecorded: unrecorded.map(({ text, parameters }) => `${text} ${parameters ?? ""}`),
      doubled,
      unapproved,
      ran: ran.length,
    };
  }

  /** What the evidence says of a statement: the outcome, `unknown` without one, null when it has no such command. */
  outcome(key: number): string | null {
    const [command] = this.#commands.get(key) ?? [];
    return command === undefined ? null : (this.#outcomes.get(command) ?? "unknown");
  }

  /** All sessions and the chain, checked as `sally verify` does. */
  async verify(): Promise<{
    chain: Finding[];
    sessions: Finding[];
    unmasked: string[];
    count: number;
    /** When sessions ended, by their own word. */
    ends: ReadonlyMap<string, number>;
  }> {
    const { archive, signing } = this.#deployment;
    const reader = new ArchiveReader(archive);
    const all = await reader.sessions();
    const findings = [...checkStarts(all)];
    const unmasked: string[] = [];
    const ends = new Map<string, number>();
    for (const parts of all) {
      const record = await reader.read(parts);
      findings.push(...checkSession(record));
      const close = record.events.find(({ event }) => event.type === "close");
      if (close) ends.set(record.session, close.event.time);
      for (const { rows, result } of record.commands) {
        const text = Buffer.concat([...rows]).toString("latin1") + JSON.stringify(result?.event);
        if (text.includes(canary.email) || text.includes(canary.card))
          unmasked.push(record.session);
      }
    }
    const chain = [...(await checkChain(archive, 0, signing)).findings];
    return {
      chain,
      sessions: [...findings, ...reader.findings],
      unmasked,
      count: all.length,
      ends,
    };
  }

  #take(entry: EventEntry): void {
    const { event, hash } = entry;
    const place = placeOf(event, hash);
    const known = this.#events.get(place);
    if (known !== undefined) {
      if (known === hash) this.#repeated += 1;
      else this.conflicts.push(place);
      return;
    }
    this.#events.set(place, hash);
    switch (event.type) {
      case "command": {
        const [parameter] = event.parameters;
        const value = parameter === undefined ? undefined : `$1 = '${parameter.value ?? ""}'`;
        const key = statementKey(event.text, value);
        if (key !== undefined)
          this.#commands.set(key, [...(this.#commands.get(key) ?? []), event.command]);
        break;
      }
      case "verdict":
        if (
          event.decision === "pass" &&
          (event.holds.length === 0 || event.hold?.state === "taken")
        )
          this.#passed.add(event.command);
        break;
      case "approval":
        if (event.answer === "approve" && event.principal.id === approverId)
          this.#approved.add(event.command);
        break;
      case "result":
        this.#outcomes.set(event.command, event.outcome);
        break;
      case "own":
        this.#own.add(event.text);
        break;
      case "open":
      case "close":
      case "refused":
        break;
    }
  }
}

const placeOf = (event: RecordEvent, hash: string): string =>
  "n" in event ? `${event.session} ${event.n}` : `${event.session} ${hash}`;
