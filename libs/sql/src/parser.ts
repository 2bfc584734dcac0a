import { Worker } from "node:worker_threads";
import type { ThreadAnswer, ThreadRequest } from "./parser-thread.ts";
import {
  newInstance,
  type Major,
  type Parsed,
  type ParsedText,
  type ParserInstance,
  type ParseTree,
} from "./parser-instance.ts";

/** Longer texts (bytes of UTF-8) are parsed in a thread with a large stack (design §6). */
export const threadAbove = 8 * 1024;
const threadStackMb = 64;
/** A text that the thread has not parsed by then is refused, and the thread is ended. */
const threadMillis = 10_000;

const tooDeep: Parsed = { kind: "failed", message: "the statement is too deep to be read" };

function readText(parsed: ParsedText): Parsed {
  if (parsed.kind !== "json") return parsed;
  try {
    return { kind: "tree", tree: JSON.parse(parsed.json) as ParseTree };
  } catch {
    return tooDeep;
  }
}

/** Parses long texts one after the other; started when first needed, and again after it broke. */
class ParserThread {
  readonly #major: Major;
  #worker: Worker | undefined;
  #next = 0;
  readonly #waiting = new Map<number, (parsed: Parsed) => void>();

  constructor(major: Major) {
    this.#major = major;
  }

  parse(text: string): Promise<Parsed> {
    const worker = this.#start();
    const id = this.#next++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#broken(worker), threadMillis);
      worker.ref();
      this.#waiting.set(id, (parsed) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (this.#waiting.size === 0) worker.unref();
        resolve(parsed);
      });
      worker.postMessage({ id, text } satisfies ThreadRequest, []);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    this.#broken(worker);
    await worker.terminate();
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL("./parser-thread.ts", import.meta.url), {
      workerData: { major: this.#major },
      resourceLimits: { stackSizeMb: threadStackMb },
    });
    worker.on("message", (answer: ThreadAnswer) =>
      this.#waiting.get(answer.id)?.(readText(answer.parsed)),
    );
    worker.on("error", () => this.#broken(worker));
    worker.on("exit", () => this.#broken(worker));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #broken(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    void worker.terminate();
    for (const finish of this.#waiting.values()) finish(tooDeep);
  }
}

export interface Parser {
  readonly major: Major;
  /** At once for texts up to `threadAbove` bytes, else as a promise. Never throws, never rejects. */
  parse(text: string): Parsed | Promise<Parsed>;
  close(): Promise<void>;
}

/** The parser of that major; ready when the promise resolves. */
export async function openParser(major: Major): Promise<Parser> {
  const thread = new ParserThread(major);
  let instance: ParserInstance | undefined = await newInstance(major);
  const renew = async (): Promise<void> => {
    instance = await newInstance(major);
  };
  return {
    major,
    parse(text) {
      // The wrappers for 15 to 17 answer an empty text with a null pointer.
      if (text.trim() === "") return { kind: "tree", tree: { version: 0, stmts: [] } };
      // INVARIANT: an instance that threw is never used again; until the next one is ready, the thread parses.
      if (!instance || Buffer.byteLength(text) > threadAbove) return thread.parse(text);
      try {
        return readText(instance.parse(text));
      } catch {
        instance = undefined;
        void renew();
        return tooDeep;
      }
    },
    close: () => thread.close(),
  };
}
