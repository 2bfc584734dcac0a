import {
  decodeLongText,
  type LongText,
  type SessionId,
  type WholeText,
} from "@sallyport/contracts";
import type { Log } from "@sallyport/runtime";
import type { Held } from "./held.ts";

/** Where a command's text was written. */
export interface TextPlace {
  readonly session: SessionId;
  readonly command: string;
  readonly partition: number;
  readonly worker: string;
  /** About when (milliseconds since the epoch). */
  readonly time: number;
  /** Surely not before. */
  readonly since: number;
}

export interface TextSource {
  /** The bytes of one command's text, in so many parts; null when not all are there. Throws when nobody answers. */
  read(place: TextPlace, parts: number): Promise<Buffer | null>;
}

/** Texts of so many holds are remembered. */
const remembered = 256;

/** The whole statements of holds: from the command's event, or out of OUTPUT and the archive when they are long. */
export class Texts {
  readonly #sources: readonly TextSource[];
  readonly #log: Log;
  readonly #known = new Map<string, WholeText>();
  readonly #tried = new Set<string>();
  readonly #reading = new Map<string, Promise<WholeText | null>>();

  /** `sources` are asked in this order. */
  constructor(sources: readonly TextSource[], log: Log) {
    this.#sources = sources;
    this.#log = log;
  }

  /** What is known without reading: null for a long statement that was not read yet. */
  known({ command }: Held): WholeText | null {
    return command.long ? (this.#known.get(command.long.sha256) ?? null) : command;
  }

  /** Null when the statement is long and no source has it whole. */
  async whole(held: Held): Promise<WholeText | null> {
    const { long } = held.command;
    const known = this.known(held);
    if (known || !long) return known;
    let reading = this.#reading.get(long.sha256);
    if (!reading) {
      reading = this.#read(held, long).finally(() => this.#reading.delete(long.sha256));
      this.#reading.set(long.sha256, reading);
    }
    return reading;
  }

  /** Reads the long statements of open holds as soon as they are there, once a copy. */
  fetch(holds: readonly Held[]): void {
    const copies = new Set<string>();
    for (const held of holds) {
      if (held.hold.state !== "open" || !held.command.long) continue;
      const places = placesOf(held, Date.now());
      if (!this.known(held) && places.some(({ command }) => !this.#tried.has(command)))
        void this.whole(held);
      for (const { command } of places) copies.add(command);
    }
    this.#tried.clear();
    for (const copy of copies) this.#tried.add(copy);
  }

  async #read(held: Held, long: LongText): Promise<WholeText | null> {
    const places = placesOf(held, Date.now());
    for (const source of this.#sources)
      for (const place of places) {
        const text = await this.#from(source, place, long);
        if (text) return this.#remember(long.sha256, text);
      }
    return null;
  }

  async #from(source: TextSource, place: TextPlace, long: LongText): Promise<WholeText | null> {
    try {
      const bytes = await source.read(place, long.parts);
      return bytes && decodeLongText(bytes, long);
    } catch (err) {
      const { session, command } = place;
      this.#log.warn({ err, session, command }, "a long statement could not be read");
      return null;
    }
  }

  #remember(hash: string, text: WholeText): WholeText {
    this.#known.set(hash, text);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= remembered) break;
      this.#known.delete(oldest);
    }
    return text;
  }
}

/** Under the command that opened the hold, and under each that joined, which came just before the hold named it. */
function placesOf({ hold, command }: Held, now: number): TextPlace[] {
  const { partition, worker } = hold;
  const since = command.time;
  const joined = hold.waiting.filter((one) => one.command !== command.command);
  return [
    { session: command.session, command: command.command, partition, worker, time: since, since },
    ...joined.map((one) => ({
      session: one.session,
      command: one.command,
      partition: one.partition,
      worker: one.worker,
      time: now,
      since,
    })),
  ];
}
