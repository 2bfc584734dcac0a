import { rewriteRows, type Field } from "@sallyport/pgwire";
import type { Outflow } from "./outflow.ts";
import { resultShape, type ColumnKnowledge, type ResultShape } from "./result-shape.ts";
import type { Running } from "./running.ts";
import type { Prepared } from "./statements.ts";
import { Unforeseen } from "./unforeseen.ts";

/** The rows of the result that is coming: what its columns are, and what leaves in their place. */
export class ResultRows {
  readonly #knows: () => ColumnKnowledge;
  readonly #key: Buffer;
  /** Fields of prepared statements that were described: for results that come without a description. */
  readonly #described = new WeakMap<Prepared, readonly Field[]>();
  #shape: Exclude<ResultShape, { kind: "mismatch" }> | null = null;
  #of: Running | null = null;
  #fields: readonly Field[] | null = null;

  constructor(knows: () => ColumnKnowledge, key: Buffer) {
    this.#knows = knows;
    this.#key = key;
  }

  /** The description of a statement before it is bound. @throws {Unforeseen} when it is a wrong one */
  described(running: Running, fields: readonly Field[], prepared: Prepared | undefined): void {
    if (prepared) this.#described.set(prepared, fields);
    const outputs = running.judged.outputs[0] ?? null;
    allowed(resultShape(outputs, fields, [], running.masks, this.#key, this.#knows()));
  }

  /** A result begins. @throws {Unforeseen} when it is another than was judged */
  begin(running: Running, fields: readonly Field[] | null, prepared?: Prepared): void {
    if (prepared && fields) this.#described.set(prepared, fields);
    const { judged, masks } = running;
    const outputs =
      judged.kind === "simple" ? judged.outputs[running.statement] : judged.outputs[0];
    this.#shape = allowed(
      resultShape(outputs ?? null, fields, judged.resultFormats, masks, this.#key, this.#knows()),
    );
    this.#of = running;
    this.#fields = fields;
  }

  end(): void {
    this.#shape = null;
    this.#of = null;
    this.#fields = null;
  }

  /** Lets whole rows leave. @throws {Unforeseen} {ProtocolError} */
  take(running: Running, bytes: Buffer, count: number, execute: boolean, out: Outflow): void {
    if (this.#shape === null || this.#of !== running) {
      const statement = running.judged.portalStatement;
      this.begin(running, (statement && this.#described.get(statement)) ?? null);
    }
    running.rows += count;
    if (execute && this.#fields) running.describe(this.#fields);
    const shape = this.#shape;
    if (shape?.kind !== "masked") return out.pass(running, bytes);
    const { writers } = shape;
    out.rewrite(running, bytes.length, (sink) => rewriteRows(bytes, writers.length, writers, sink));
  }

  /** A stretch of a row too large to be held, which cannot be masked. @throws {Unforeseen} */
  takePart(running: Running, first: boolean, last: boolean): void {
    if (first && (this.#shape === null || this.#of !== running)) this.begin(running, null);
    if (this.#shape?.kind !== "as-it-comes")
      throw new Unforeseen("a row is too large to be masked", "not-maskable");
    if (last) running.rows++;
  }
}

function allowed(shape: ResultShape): Exclude<ResultShape, { kind: "mismatch" }> {
  if (shape.kind === "mismatch") throw new Unforeseen(shape.problem, "origin-mismatch");
  return shape;
}
