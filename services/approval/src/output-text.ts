import { JetStreamError, jetstreamManager, type DirectStreamAPI } from "@nats-io/jetstream";
import type { Bus } from "@sallyport/bus";
import { decodeOutput, streams, subjects } from "@sallyport/contracts";
import type { TextPlace, TextSource } from "./texts.ts";

/** How much earlier than its command a text is looked for: clocks of worker and server differ (ms). */
const skew = 10_000;
/** How much of a worker's output is read for one text before it is given up. */
const most = 256 * 1024 * 1024;
/** How long a batch may take (ms). */
const patience = 5000;
const batch = { batch: 256, max_bytes: 4 * 1024 * 1024 };
const notFound = 404;

type From = { readonly seq: number } | { readonly start_time: string };

/** Reads the texts of commands out of OUTPUT. */
export class OutputTexts implements TextSource {
  readonly #direct: DirectStreamAPI;

  private constructor(direct: DirectStreamAPI) {
    this.#direct = direct;
  }

  static async open(bus: Bus): Promise<OutputTexts> {
    const manager = await jetstreamManager(bus.nats, { checkAPI: false, timeout: patience });
    return new OutputTexts(manager.direct);
  }

  /** The parts of one command's text, in order; null when not all are there. Throws when OUTPUT does not answer. */
  async read(place: TextPlace, parts: number): Promise<Buffer | null> {
    const found = new Map<number, Uint8Array>();
    let from: From = { start_time: new Date(place.time - skew).toISOString() };
    for (let bytes = 0; bytes < most;) {
      let last = 0;
      for await (const { seq, data } of this.#messages(place, from)) {
        last = seq;
        bytes += data.length;
        for (const { header, body } of decodeOutput(data) ?? [])
          if (header.kind === "text" && header.command === place.command)
            found.set(header.part, body);
      }
      if (found.size >= parts) return inOrder(found, parts);
      if (last === 0) return null;
      from = { seq: last + 1 };
    }
    return null;
  }

  /** One batch; empty when there is nothing any more. */
  async *#messages({ partition, worker }: TextPlace, from: From) {
    const messages = await this.#direct.getBatch(streams.output(partition), {
      ...batch,
      ...from,
      next_by_subj: subjects.output(partition, worker),
    });
    const late = setTimeout(() => messages.stop(new Error("OUTPUT does not answer")), patience);
    try {
      yield* messages;
    } catch (error) {
      const code = error instanceof JetStreamError && "code" in error ? error.code : null;
      if (code !== notFound) throw error;
    } finally {
      clearTimeout(late);
    }
  }
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
