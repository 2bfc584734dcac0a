import type { LongText } from "@sallyport/contracts";
import type { Log } from "@sallyport/runtime";
import type { Held } from "./held.ts";
import { readLongText } from "./long-text.ts";
import type { OutputTexts, TextPlace } from "./output-text.ts";
import type { WholeText } from "./view.ts";

/** Texts of so many holds are remembered, because OUTPUT is purged when it has been archived. */
const remembered = 256;

/** The whole statements of holds: from the command's event, or out of OUTPUT when they are long. */
export class Texts {
  readonly #output: OutputTexts;
  readonly #log: Log;
  readonly #known = new Map<string, WholeText>();
  readonly #tried = new Set<string>();
  readonly #reading = new Map<string, Promise<WholeText | null>>();

  constructor(output: OutputTexts, log: Log) {
    this.#output = output;
    this.#log = log;
  }

  /** What is known without reading: null for a long statement that was not read yet. */
  known({ command }: Held): WholeText | null {
    return command.long ? (this.#known.get(command.long.sha256) ?? null) : command;
  }

  /** Null when the statement is long and OUTPUT does not have it (any more). */
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
    try {
      for (const place of placesOf(held, Date.now())) {
        const bytes = await this.#output.read(place, long.parts);
        const text = bytes && readLongText(bytes, long);
        if (text) return this.#remember(long.sha256, text);
      }
    } catch (err) {
      this.#log.warn({ err, hold: held.hold.hold }, "a long statement could not be read");
    }
    return null;
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
  return [
    { command: command.command, partition, worker, time: command.time },
    ...hold.waiting
      .filter((one) => one.command !== command.command)
      .map((one) => ({
        command: one.command,
        partition: one.partition,
        worker: one.worker,
        time: now,
      })),
  ];
}
