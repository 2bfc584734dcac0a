import type { Bus } from "./connect.ts";

/** What the room left in the record allows. */
export type Fill = "open" | "no-sessions" | "no-commands";

const sessionsStop = 0.75;
const commandsStop = 0.9;

/** Above 75 % no new session, above 90 % no command: the rest is for verdicts, results and approvals. */
export function fillOf(bytes: number, limit: number): Fill {
  if (!(limit > 0) || !(bytes >= 0) || bytes > limit * commandsStop) return "no-commands";
  return bytes > limit * sessionsStop ? "no-sessions" : "open";
}

/** Reads each second how full a stream is. Until it was read once, no session may open. */
export class FillWatch {
  readonly #bus: Bus;
  readonly #stream: string;
  readonly #timer: NodeJS.Timeout;
  readonly #listeners = new Set<(fill: Fill) => void>();
  #fill: Fill = "no-sessions";
  #ratio: number | null = null;
  #reading = false;

  constructor(bus: Bus, stream: string) {
    this.#bus = bus;
    this.#stream = stream;
    this.#timer = setInterval(() => void this.#read(), 1000);
    this.#timer.unref();
    void this.#read();
  }

  get fill(): Fill {
    return this.#fill;
  }

  /** The part of the stream's size that is taken, as last read; null before. */
  get ratio(): number | null {
    return this.#ratio;
  }

  /** Tells of each change from now on. Returns what ends that. */
  onChange(listener: (fill: Fill) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  async #read(): Promise<void> {
    if (this.#reading || !this.#bus.connected) return;
    this.#reading = true;
    try {
      const answer = await this.#bus.nats.request(`$JS.API.STREAM.INFO.${this.#stream}`, "", {
        timeout: 2000,
      });
      const { state, config } = answer.json<{
        state?: { bytes?: number };
        config?: { max_bytes?: number };
      }>();
      const { bytes = Number.NaN } = state ?? {};
      const { max_bytes: limit = Number.NaN } = config ?? {};
      this.#ratio = limit > 0 && bytes >= 0 ? bytes / limit : null;
      this.#turn(fillOf(bytes, limit));
    } catch (err) {
      this.#bus.log.warn({ err, stream: this.#stream }, "a stream's fill cannot be read");
    } finally {
      this.#reading = false;
    }
  }

  #turn(fill: Fill): void {
    if (fill === this.#fill) return;
    this.#fill = fill;
    this.#bus.log.info({ stream: this.#stream, fill }, "the stream's fill has changed");
    for (const listener of this.#listeners) listener(fill);
  }
}
