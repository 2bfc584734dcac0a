import { Worker } from "node:worker_threads";
import type { Folding } from "./folded-lists.ts";
import { LongTree } from "./long-tree.ts";
import { slowToScan } from "./slow-to-scan.ts";
import type { ThreadAnswer, ThreadRequest } from "./parser-thread.ts";
import {
  newInstance,
  type Major,
  type Parsed,
  type ParserInstance,
  type ParseTree,
} from "./parser-instance.ts";

/** Longer texts (bytes of UTF-8) are parsed in a thread with a large stack (design §6). */
export const threadAbove = 8 * 1024;
const threadStackMb = 64;
/** A text that the thread has not read by then is refused, and the thread is ended. */
const threadMillis = 10_000;

const tooDeep: Extract<Parsed, { kind: "failed" }> = {
  kind: "failed",
  message: "the statement is too deep to be read",
};

function readText(parsed: ThreadAnswer["parsed"]): Parsed {
  if (parsed.kind === "statements" || parsed.kind === "too-much") return tooDeep;
  if (parsed.kind !== "json") return parsed;
  try {
    return { kind: "tree", tree: JSON.parse(parsed.json) as ParseTree };
  } catch {
    return tooDeep;
  }
}

/** What the limit is of, that a text is over. */
export interface TooMuch {
  readonly kind: "too-much";
  readonly of: "statements" | "tree";
  readonly size: number;
  readonly limit: number;
}

/** A long text, with lists folded. */
export type LongParsed =
  | { readonly kind: "long"; readonly tree: LongTree }
  | TooMuch
  | Exclude<Parsed, { kind: "tree" }>;

const readLong = (answer: ThreadAnswer["parsed"]): LongParsed => {
  if (answer.kind === "json") return tooDeep;
  if (answer.kind !== "statements") return answer;
  const { json, ends, folded } = answer;
  const statements = Array.from(ends, (end, at) => ({
    json: json.slice(at === 0 ? 0 : ends[at - 1], end),
    folded: folded[at] === 1,
  }));
  return { kind: "long", tree: new LongTree(statements) };
};

interface Waiting {
  readonly text: string;
  readonly folding: ThreadRequest["folding"];
  finish(parsed: ThreadAnswer["parsed"]): void;
}

/** Parses long texts one after the other; started when first needed, and again after it broke. */
class ParserThread {
  readonly #major: Major;
  #worker: Worker | undefined;
  #current: { readonly one: Waiting; readonly timer: NodeJS.Timeout } | undefined;
  readonly #waiting: Waiting[] = [];

  constructor(major: Major) {
    this.#major = major;
  }

  parse(text: string, folding: ThreadRequest["folding"] = null): Promise<ThreadAnswer["parsed"]> {
    return new Promise((finish) => {
      this.#waiting.push({ text, folding, finish });
      this.#next();
    });
  }

  async close(): Promise<void> {
    for (const one of this.#waiting.splice(0)) one.finish(tooDeep);
    const worker = this.#worker;
    if (!worker) return;
    this.#broken(worker);
    await worker.terminate();
  }

  #next(): void {
    if (this.#current) return;
    const one = this.#waiting.shift();
    if (!one) return this.#worker?.unref();
    const worker = this.#start();
    worker.ref();
    this.#current = { one, timer: setTimeout(() => this.#broken(worker), threadMillis) };
    const { text, folding } = one;
    worker.postMessage({ text, folding } satisfies ThreadRequest, []);
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL("./parser-thread.ts", import.meta.url), {
      workerData: { major: this.#major },
      resourceLimits: { stackSizeMb: threadStackMb },
    });
    worker.on("message", (answer: ThreadAnswer) => {
      if (this.#worker === worker) this.#finished(answer.parsed);
    });
    worker.on("error", () => this.#broken(worker));
    worker.on("exit", () => this.#broken(worker));
    this.#worker = worker;
    return worker;
  }

  #finished(parsed: ThreadAnswer["parsed"]): void {
    const current = this.#current;
    this.#current = undefined;
    if (current) clearTimeout(current.timer);
    current?.one.finish(parsed);
    this.#next();
  }

  /** The text that it was at is refused; those behind it are parsed by another one. */
  #broken(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    void worker.terminate();
    this.#finished(tooDeep);
  }
}

export interface Parser {
  readonly major: Major;
  /** At once for texts up to `threadAbove` bytes, else as a promise. Never throws, never rejects. */
  parse(text: string): Parsed | Promise<Parsed>;
  /** Whether only the thread reads it. */
  isLong(text: string): boolean;
  /** Reads it in the thread, within bounds. Never rejects. */
  readLong(text: string, folding: Folding): Promise<LongParsed>;
  close(): Promise<void>;
}

/** The parser of that major; ready when the promise resolves. */
export async function openParser(major: Major): Promise<Parser> {
  const threads = { usual: new ParserThread(major), slow: new ParserThread(major) };
  // What takes long keeps others of its sort waiting alone.
  const threadFor = (text: string) => (slowToScan(text) ? threads.slow : threads.usual);
  let instance: ParserInstance | undefined = await newInstance(major);
  const renew = async (): Promise<void> => {
    instance = await newInstance(major);
  };
  const isEmpty = (text: string): boolean => text.trim() === "";
  // INVARIANT: an instance that threw is never used again; until the next one is ready, the thread parses.
  const isLong = (text: string): boolean =>
    !isEmpty(text) && (!instance || Buffer.byteLength(text) > threadAbove);
  return {
    major,
    isLong,
    async readLong(text, folding) {
      return readLong(await threadFor(text).parse(text, folding));
    },
    parse(text) {
      // The wrappers for 15 to 17 answer an empty text with a null pointer.
      if (isEmpty(text)) return { kind: "tree", tree: { version: 0, stmts: [] } };
      if (!instance || isLong(text)) return threadFor(text).parse(text).then(readText);
      try {
        return readText(instance.parse(text));
      } catch {
        instance = undefined;
        void renew();
        return tooDeep;
      }
    },
    async close() {
      await Promise.all([threads.usual.close(), threads.slow.close()]);
    },
  };
}
