import {
  analysing,
  needsSessionNames,
  type Analysis,
  type Folding,
  type LongParsed,
  type Parser,
  type Subject,
} from "@sallyport/sql";
import { after, mostReading } from "./processor-time.ts";
import type { Read } from "./read-text.ts";
import { readingTurns } from "./reading-turns.ts";
import { longestRemembered } from "./remembered-texts.ts";

/** Milliseconds in which statements of a long text are read before others have their turn. */
const slice = 8;
/** Milliseconds of the worker's own thread that a text of many statements may take. */
const mostReadings = 5000;

/** From what makes a list shortest to what is always true of it. */
const foldings: readonly Folding[] = ["all", "bare", "none"];

export interface LongReading {
  readonly parser: Parser;
  readonly subject: Subject;
}

type Long = Extract<LongParsed, { kind: "long" }>["tree"];

/**
 * What a long text asks: parsed in a thread, and then read a few statements at a time. Never rejects. INVARIANT (I3): a
 * reading in which constants stand for others holds when none of them was asked for what it says.
 */
export async function readLong(text: string, { parser, subject }: LongReading): Promise<Read> {
  for (const folding of foldings) {
    const parsed = await parser.readLong(text, folding);
    if (parsed.kind !== "long") return parsed;
    const { tree } = parsed;
    const analysis = await analysed(tree, subject);
    // What was kept to be looked at later would be seen here.
    if (tree.folded) JSON.stringify(analysis);
    if (tree.told) continue;
    const lasting = text.length <= longestRemembered && !needsSessionNames(tree);
    return { kind: "analysed", analysis, lasting };
  }
  return { kind: "failed", message: "the statement cannot be read" };
}

async function analysed(tree: Long, subject: Subject): Promise<Analysis> {
  let spent = 0;
  const patience = () => {
    const exhausted = after(mostReading);
    return () => spent > mostReadings || exhausted();
  };
  const steps = analysing(tree, { ...subject, patience });
  const some = (): Analysis | null => {
    const began = process.threadCpuUsage();
    const end = performance.now() + slice;
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      if (performance.now() < end) continue;
      const { user, system } = process.threadCpuUsage(began);
      spent += (user + system) / 1000;
      return null;
    }
  };
  for (;;) {
    const analysis = await readingTurns.take(some);
    if (analysis) return analysis;
  }
}
