import { jetstreamManager, type DirectStreamAPI } from "@nats-io/jetstream";
import type { Bus } from "@sallyport/bus";
import { decodeOutput, streams, subjects, type LongText } from "@sallyport/contracts";
import type { Held } from "./held.ts";
import { readLongText } from "./long-text.ts";
import type { WholeText } from "./view.ts";

/** How much earlier than its command a text is looked for: clocks of worker and server differ (ms). */
const skew = 10_000;
/** How much of a worker's output is read for one text before it is given up. */
const most = 256 * 1024 * 1024;
/** How long a batch may take (ms). */
const patience = 5000;
const batch = { batch: 256, max_bytes: 4 * 1024 * 1024 };
/** Texts of so many holds are remembered, because OUTPUT is purged when it has been archived. */
const remembered = 256;

/** Where a hold's text lies: under the command that opened it, and each that waits for it too. */
interface Copy {
  readonly command: string;
  readonly partition: number;
  readonly worker: string;
  readonly time: number;
}

/** The whole statements of holds: from the command's event, or out of OUTPUT when they are long. */
export class Texts {
  readonly #direct: DirectStreamAPI;
  readonly #known = new Map<string, WholeText>();
  readonly #tried = new Set<string>();
  readonly #reading = new Map<string, Promise<WholeText | null>>();

  private constructor(direct: DirectStreamAPI) {
    this.#direct = direct;
  }

  static async open(bus: Bus): Promise<Texts> {
    const manager = await jetstreamManager(bus.nats, { checkAPI: false, timeout: 5000 });
    return new Texts(manager.direct);
  }

  /** What is known without reading: null for a long statement that was not read yet. */
  known({ command }: Held): WholeText | null {
    return command.long ? (this.#known.get(command.long.sha256) ?? null) : command;
  }

  /** Null when the statement is long and OUTPUT no longer has it. */
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

  /** Reads long statements as soon as they are held, once a copy, before OUTPUT is purged. */
  async fetch(held: Held): Promise<void> {
    if (this.known(held) || held.hold.state !== "open") return;
    const fresh = copiesOf(held, Date.now()).filter(({ command }) => !this.#tried.has(command));
    for (const { command } of fresh) this.#tried.add(command);
    if (fresh.length > 0) await this.whole(held);
  }

  async #read(held: Held, long: LongText): Promise<WholeText | null> {
    for (const copy of copiesOf(held, Date.now())) {
      const bytes = await this.#bytes(copy, long.parts);
      const text = bytes && readLongText(bytes, long);
      if (text) return this.#remember(long.sha256, text);
    }
    return null;
  }

  /** The parts of one command's text, in order; null when not all are there. */
  async #bytes(copy: Copy, parts: number): Promise<Buffer | null> {
    const stream = streams.output(copy.partition);
    const next_by_subj = subjects.output(copy.partition, copy.worker);
    const found = new Map<number, Uint8Array>();
    let from: { seq: number } | { start_time: string } = {
      start_time: new Date(copy.time - skew).toISOString(),
    };
    for (let bytes = 0; bytes < most;) {
      const iterator = await this.#direct.getBatch(stream, { ...batch, ...from, next_by_subj });
      const late = setTimeout(() => iterator.stop(new Error("OUTPUT does not answer")), patience);
      let last = 0;
      try {
        for await (const message of iterator) {
          last = message.seq;
          bytes += message.data.length;
          for (const { header, body } of decodeOutput(message.data) ?? [])
            if (header.kind === "text" && header.command === copy.command)
              found.set(header.part, body);
        }
      } finally {
        clearTimeout(late);
      }
      if (found.size >= parts) return inOrder(found, parts);
      if (last === 0) return null;
      from = { seq: last + 1 };
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

/** A command that joined is looked for as of now: it came just before the hold named it. */
function copiesOf({ hold, command }: Held, now: number): Copy[] {
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

function inOrder(found: ReadonlyMap<number, Uint8Array>, parts: number): Buffer | null {
  const bodies: Uint8Array[] = [];
  for (let part = 1; part <= parts; part++) {
    const body = found.get(part);
    if (!body) return null;
    bodies.push(body);
  }
  return Buffer.concat(bodies);
}
