import { parseBackend, toTarget, type Frames, type FramePart } from "@sallyport/pgwire";
import { openTarget, type Target, type TargetOptions } from "./upstream/open-target.ts";

/** Rows of a fixed text, in text format. */
export type OwnRows = (readonly (string | null)[])[];

/** A connection of the proxy's own to a target, for reading its catalog; a query at a time. */
export class OwnConnection {
  readonly #target: Target;
  #lost: Error | null = null;
  #waiting: {
    rows: OwnRows;
    failure: Error | null;
    resolve: (rows: OwnRows) => void;
    reject: (cause: Error) => void;
  } | null = null;

  private constructor(target: Target) {
    this.#target = target;
    const { socket, reader } = target;
    const lose = (cause?: Error) => this.#lose(cause ?? new Error("the target hung up"));
    socket.on("error", lose).on("close", () => lose());
    target.listen(() => {
      try {
        for (let frames = reader.next(); frames; frames = reader.next()) this.#take(frames);
      } catch (cause) {
        lose(cause instanceof Error ? cause : undefined);
      }
    });
  }

  /** @throws TargetError */
  static async open(options: TargetOptions, deadline: AbortSignal): Promise<OwnConnection> {
    return new OwnConnection(await openTarget(options, deadline));
  }

  get alive(): boolean {
    return this.#lost === null;
  }

  get serverVersion(): string {
    return this.#target.serverVersion;
  }

  /** @throws when the target says an error or hangs up */
  query(text: string): Promise<OwnRows> {
    if (this.#lost) return Promise.reject(this.#lost);
    if (this.#waiting) return Promise.reject(new Error("an own query is under way"));
    return new Promise((resolve, reject) => {
      this.#waiting = { rows: [], failure: null, resolve, reject };
      this.#target.socket.write(toTarget.query(text));
    });
  }

  end(): void {
    if (this.#lost) return;
    this.#target.socket.end(toTarget.terminate);
    this.#lose(new Error("ended"));
  }

  #take(frames: Frames | FramePart): void {
    if (frames.kind === "part") throw new Error("a row of the catalog is too large");
    const waiting = this.#waiting;
    if (frames.type === 0x44) {
      waiting?.rows.push(...textRows(frames.bytes));
      return;
    }
    const message = parseBackend(frames.bytes);
    if (message.kind === "error" && waiting)
      waiting.failure = new Error(
        `the target answers ${message.fields.sqlstate ?? "an error"}: ${message.fields.message ?? ""}`,
      );
    if (message.kind === "ready-for-query" && waiting) {
      this.#waiting = null;
      if (waiting.failure) waiting.reject(waiting.failure);
      else waiting.resolve(waiting.rows);
    }
  }

  #lose(cause: Error): void {
    if (this.#lost) return;
    this.#lost = cause;
    this.#target.socket.destroy();
    this.#waiting?.reject(cause);
    this.#waiting = null;
  }
}

/** Whole DataRow frames as rows of text. */
export function* textRows(frames: Buffer): Generator<(string | null)[]> {
  for (let at = 0; at < frames.length;) {
    const end = at + 1 + frames.readInt32BE(at + 1);
    yield textRow(frames.subarray(at, end));
    at = end;
  }
}

/** The columns of one DataRow frame as text. */
function textRow(frame: Buffer): (string | null)[] {
  const values: (string | null)[] = [];
  let at = 7;
  for (let left = frame.readUInt16BE(5); left > 0; left--) {
    const length = frame.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : frame.toString("utf8", at, at + length));
    if (length > 0) at += length;
  }
  return values;
}
