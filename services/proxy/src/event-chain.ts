import { eventHash, type SessionId, type WriterEvent } from "@sallyport/contracts";

/** INVARIANT (I6): the lines of a writer's events in a session, numbered without gaps, each with the hash of the one before. */
export class EventChain {
  readonly #session: SessionId;
  #count = 0;
  #hash: string | null = null;

  constructor(session: SessionId) {
    this.#session = session;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Of the last line; null when there is none. */
  get hash(): string | null {
    return this.#hash;
  }

  /** `members`: what stands behind that which every event has, with a comma before each. */
  line(type: WriterEvent["type"], members: string, trace?: string): string {
    this.#count += 1;
    const prev = this.#hash === null ? "null" : `"${this.#hash}"`;
    const traced = trace === undefined ? "" : `,"trace":${JSON.stringify(trace)}`;
    const line = `{"v":1,"type":"${type}","session":"${this.#session}","n":${this.#count},"prev":${prev},"time":${Date.now()}${traced}${members}}`;
    this.#hash = eventHash(line);
    return line;
  }
}
