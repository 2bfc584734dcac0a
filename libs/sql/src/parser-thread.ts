/** The thread in which long statements are parsed, with a large stack and a fresh instance for each. */
import { parentPort, workerData } from "node:worker_threads";
import { foldLists, statementsIn, type Folding } from "./folded-lists.ts";
import { keepsNoTree } from "./keeps-no-tree.ts";
import { newInstance, type Major, type ParsedText } from "./parser-instance.ts";
import type { TooMuch } from "./parser.ts";

export interface ThreadRequest {
  readonly text: string;
  /** Null: the whole tree, whatever it takes. */
  readonly folding: Folding | null;
}
export interface ThreadAnswer {
  readonly parsed: ParsedText | StatementTexts | TooMuch;
}

/** Statements as JSON, one behind the other: where each ends, and whether constants in it stand for others. */
export interface StatementTexts {
  readonly kind: "statements";
  readonly json: string;
  readonly ends: Uint32Array;
  readonly folded: Uint8Array;
}

/** What one text may hand over, and one statement of it: others of the worker wait while one is read (8 MiB: 80 ms). */
const limits = { statements: 32 * 1024, tree: 8 * 1024 * 1024, trees: 32 * 1024 * 1024 };

const { major } = workerData as { readonly major: Major };

async function answer({ text, folding }: ThreadRequest): Promise<void> {
  let parsed: ThreadAnswer["parsed"];
  try {
    parsed = (await newInstance(major)).parse(text);
    if (folding !== null && parsed.kind === "json") parsed = bounded(parsed.json, folding);
  } catch {
    parsed = { kind: "failed", message: "the statement is too deep to be read" };
  }
  parentPort?.postMessage({ parsed } satisfies ThreadAnswer, []);
}

const tooMuch = (of: TooMuch["of"], size: number, limit: number): TooMuch => ({
  kind: "too-much",
  of,
  size,
  limit,
});

function bounded(json: string, folding: Folding): StatementTexts | TooMuch {
  const statements = statementsIn(json);
  if (statements.length > limits.statements)
    return tooMuch("statements", statements.length, limits.statements);
  const texts: string[] = [];
  const ends = new Uint32Array(statements.length);
  const folded = new Uint8Array(statements.length);
  let size = 0;
  for (const [at, statement] of statements.entries()) {
    const [, kind = ""] = /^\{"stmt":\{"(\w+)":/.exec(statement) ?? [];
    const one = foldLists(statement, keepsNoTree.has(kind) ? folding : "none");
    if (one.json.length > limits.tree) return tooMuch("tree", one.json.length, limits.tree);
    size += one.json.length;
    if (size > limits.trees) return tooMuch("tree", size, limits.trees);
    texts.push(one.json);
    ends[at] = size;
    folded[at] = one.folded ? 1 : 0;
  }
  return { kind: "statements", json: texts.join(""), ends, folded };
}

parentPort?.on("message", (request: ThreadRequest) => void answer(request));
