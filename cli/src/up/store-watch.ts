import { diskOf, enough, writeError } from "./nats-store.ts";

export interface WatchedStore {
  /** nats-server's monitoring page. */
  readonly monitoring: string;
  /** Where its store lies. */
  readonly directory: string;
  readonly say: (line: string) => void;
  /** Ends nats-server, which is then started again. */
  readonly restart: () => Promise<void>;
}

const every = 5000;

/**
 * Starts our nats-server again when its disk failed it and has room: by itself it would refuse the record for ever.
 */
export class StoreWatch {
  readonly #store: WatchedStore;
  readonly #timer: NodeJS.Timeout;
  /** What was said last, which is said once. */
  #said: string | null = null;
  #looking = false;

  constructor(store: WatchedStore) {
    this.#store = store;
    this.#timer = setInterval(() => void this.#look(), every);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const why = await writeError(this.#store.monitoring);
      const room = why === null || diskOf(this.#store.directory).free >= enough;
      this.#tell(why);
      if (why === null || !room) return;
      this.#store.say("the disk of nats-server has room: it is started again");
      await this.#store.restart();
    } finally {
      this.#looking = false;
    }
  }

  #tell(why: string | null): void {
    if (why !== null && why !== this.#said)
      this.#store.say(`nats-server cannot write, and no command passes: ${why}`);
    this.#said = why;
  }
}
