import {
  parseRowDescription,
  rewriteRows,
  type ByteSink,
  type CopyRewriter,
  type CopyStart,
  type Field,
} from "@sallyport/pgwire";
import { withParts } from "@sallyport/masking";
import { copyRewriter } from "./copy-out.ts";
import type { Outflow } from "./outflow.ts";
import { resultShape, type ColumnKnowledge, type ResultShape } from "./result-shape.ts";
import type { Running } from "./running.ts";
import type { Prepared } from "./protocol-names.ts";
import { Unforeseen } from "./unforeseen.ts";

interface Description {
  readonly frame: Buffer;
  readonly fields: readonly Field[];
}

/** The rows of the result that is coming: what its columns are, and what leaves in their place. */
export class ResultRows {
  readonly #knows: () => ColumnKnowledge;
  readonly #key: Buffer;
  /**
   * What prepared statements were described as last: for results that come without a description, and to read the same
   * one once.
   */
  readonly #described = new WeakMap<Prepared, Description>();
  #shape: Exclude<ResultShape, { kind: "mismatch" }> | null = null;
  #of: Running | null = null;
  #fields: readonly Field[] | null = null;
  /** COPY to the client is under way; null when its lines leave as they come. */
  #copy: { readonly of: Running; readonly rewriter: CopyRewriter | null } | null = null;

  constructor(knows: () => ColumnKnowledge, key: Buffer) {
    this.#knows = knows;
    this.#key = key;
  }

  /** A RowDescription, of this statement if of one; the same object for the same bytes. @throws {ProtocolError} */
  fieldsOf(frame: Buffer, prepared?: Prepared): readonly Field[] {
    if (prepared === undefined) return parseRowDescription(frame);
    const known = this.#described.get(prepared);
    if (known?.frame.equals(frame) === true) return known.fields;
    const fields = parseRowDescription(frame);
    // Memory of its own: it stays as long as the statement.
    const own = Buffer.allocUnsafeSlow(frame.length);
    frame.copy(own);
    this.#described.set(prepared, { frame: own, fields });
    return fields;
  }

  /** The description of a statement before it is bound. @throws {Unforeseen} when it is a wrong one */
  described(running: Running, fields: readonly Field[]): void {
    const outputs = running.judged.outputs[0] ?? null;
    allowed(
      resultShape(
        outputs,
        fields,
        [],
        running.masks,
        this.#key,
        running.judged.knows ?? this.#knows(),
        running.detecting,
      ),
    );
  }

  /** A result begins. @throws {Unforeseen} when it is another than was judged */
  begin(running: Running, fields: readonly Field[] | null): void {
    const { judged, masks, detecting } = running;
    const outputs =
      judged.kind === "simple" ? judged.outputs[running.statement] : judged.outputs[0];
    this.#shape = allowed(
      resultShape(
        outputs ?? null,
        fields,
        judged.resultFormats,
        masks,
        this.#key,
        judged.knows ?? this.#knows(),
        detecting,
      ),
    );
    this.#of = running;
    this.#fields = fields;
  }

  end(): void {
    this.#shape = null;
    this.#of = null;
    this.#fields = null;
    this.#copy = null;
  }

  /** Lets whole rows leave. @throws {Unforeseen} {ProtocolError} {TooManyParts} */
  take(running: Running, bytes: Buffer, count: number, execute: boolean, out: Outflow): void {
    if (this.#shape === null || this.#of !== running) {
      const statement = running.judged.portalStatement;
      this.begin(running, (statement && this.#described.get(statement)?.fields) ?? null);
    }
    if (execute && this.#fields) running.describe(this.#fields);
    const shape = this.#shape;
    if (shape?.kind !== "masked") out.pass(running, bytes);
    else {
      const { writers } = shape;
      out.rewrite(running, bytes.length, (sink) =>
        atOnce(sink, () => rewriteRows(bytes, writers, sink)),
      );
    }
    running.rows += count;
  }

  /**
   * COPY to the client begins. Why its lines cannot be masked, or null. @throws {Unforeseen} when it is another than was
   * judged
   */
  beginCopy(running: Running, started: CopyStart): string | null {
    const rewriter = copyRewriter(
      running,
      started,
      this.#key,
      running.judged.knows ?? this.#knows(),
    );
    if (typeof rewriter === "string") return rewriter;
    this.#copy = { of: running, rewriter };
    return null;
  }

  /** Lets COPY data leave. @throws {Unforeseen} {ProtocolError} {TooManyParts} */
  takeCopy(running: Running, bytes: Buffer, out: Outflow): void {
    const rewriter = this.#copying(running);
    if (rewriter === null) return out.pass(running, bytes);
    out.rewrite(running, bytes.length, (sink) => atOnce(sink, () => rewriter.rewrite(bytes, sink)));
  }

  /** A stretch of a line too large to be held. False when it would have to be masked. @throws {Unforeseen} */
  takeCopyPart(running: Running): boolean {
    return this.#copying(running) === null;
  }

  #copying(running: Running): CopyRewriter | null {
    if (this.#copy?.of !== running)
      throw new Unforeseen("COPY data came when nothing of the kind was owed", "target-lost");
    return this.#copy.rewriter;
  }

  /** A stretch of a row too large to be held. False when it would have to be masked. @throws {Unforeseen} */
  takePart(running: Running, first: boolean, last: boolean): boolean {
    if (first && (this.#shape === null || this.#of !== running)) this.begin(running, null);
    if (this.#shape?.kind !== "as-it-comes") return false;
    if (last) running.rows++;
    return true;
  }
}

function allowed(shape: ResultShape): Exclude<ResultShape, { kind: "mismatch" }> {
  if (shape.kind === "mismatch") throw new Unforeseen(shape.problem, "origin-mismatch");
  return shape;
}

/** A third of a second, when all of them are hashed; rows of some hundred bytes have few. */
const mostParts = 65_536;

/** Masks within bounds; what is too much leaves nothing behind. */
function atOnce(sink: ByteSink, mask: () => void): void {
  const { at } = sink;
  try {
    withParts(mostParts, mask);
  } catch (cause) {
    sink.at = at;
    throw cause;
  }
}
