import type { FoldedText } from "./folded-lists.ts";
import { isFields, type Fields } from "./tree.ts";
import { Watch } from "./watch.ts";

/** A text's statements, each read out of the parser's JSON when it is come to, and let go of behind that. */
export class LongTree {
  readonly stmts: Iterable<Fields> & { readonly length: number };
  /** Whether constants in it stand for others. */
  readonly folded: boolean;
  readonly #watch = new Watch();
  /** The first statement, which is looked at before all are. */
  #first: Fields | undefined;

  constructor(statements: readonly FoldedText[]) {
    this.folded = statements.some(({ folded }) => folded);
    const read = (at: number) => this.#statement(statements, at);
    this.stmts = {
      length: statements.length,
      *[Symbol.iterator]() {
        for (const at of statements.keys()) yield read(at);
      },
    };
  }

  /** Whether a constant was asked for what it says that stands for others: then what was found holds for it alone. */
  get told(): boolean {
    return this.#watch.seen;
  }

  #statement(statements: readonly FoldedText[], at: number): Fields {
    const [first] = statements;
    const read = statements[at];
    if (!first || !read) throw new RangeError("no such statement");
    this.#first ??= this.#read(first);
    if (at === 0) return this.#first;
    return this.#read(read);
  }

  #read({ json, folded }: FoldedText): Fields {
    const statement = JSON.parse(json) as Fields;
    if (folded) this.#cover(statement);
    return statement;
  }

  #cover(tree: unknown): void {
    const waiting = [tree];
    while (waiting.length > 0) {
      const next = waiting.pop();
      if (typeof next !== "object" || next === null) continue;
      for (const [member, value] of Object.entries(next)) {
        if (!isFields(value)) waiting.push(value);
        else if (value["folded"] === true)
          (next as Record<string, unknown>)[member] = this.#watch.over(value);
        else waiting.push(value);
      }
    }
  }
}
