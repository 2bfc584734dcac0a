import {
  Frontend,
  parseFrontend,
  type FramePart,
  type FrameReader,
  type Frames,
  type FrontendMessage,
} from "@sallyport/pgwire";
import type { Statements, Unit } from "./statements.ts";

/** What the client's bytes hold next, unit by unit; after an error, nothing up to the next Sync. */
export class ClientUnits {
  readonly #reader: FrameReader;
  readonly #statements: Statements;
  readonly #onSkipped: (unit: Unit) => void;
  readonly #units: Unit[] = [];
  /** After an error in the extended protocol: everything is passed over up to the next Sync. */
  #skipping = false;
  /** A message that uses a name which the target has yet to settle. */
  #stalled: { readonly message: FrontendMessage; readonly bytes: Buffer } | null = null;
  /** What was met by reading ahead, to be thrown when its turn comes. */
  #failure: { readonly cause: unknown } | null = null;
  #lastType = 0;

  /** `onSkipped` hears, in their order, of units that waited and are passed over. */
  constructor(
    reader: FrameReader,
    statements: Statements,
    onSkipped: (unit: Unit) => void = () => undefined,
  ) {
    this.#reader = reader;
    this.#statements = statements;
    this.#onSkipped = onSkipped;
  }

  get stalled(): boolean {
    return this.#stalled !== null;
  }

  /** The message read last is answered by itself, whatever follows. */
  get lastWasSimple(): boolean {
    return this.#lastType === Frontend.Query || this.#lastType === Frontend.FunctionCall;
  }

  /** Units that were read before and wait, in their order. */
  get waiting(): readonly Unit[] {
    return this.#units;
  }

  /** The first of them. */
  shift(): Unit | undefined {
    return this.#units.shift();
  }

  /** Frames as they are, for COPY. */
  frames(): Frames | FramePart | undefined {
    return this.#reader.next();
  }

  /**
   * Reads on behind the units that wait, as far as it makes no difference whether they have gone to the target. False
   * when nothing came of that.
   */
  readAhead(): boolean {
    if (this.#skipping || this.#failure !== null) return false;
    const before = this.#units.length;
    try {
      while (this.#units.length === before) {
        const next = this.#stalled ?? this.#message();
        if (next === undefined) break;
        this.#stalled = this.#statements.isForeseeable(next.message) ? null : next;
        if (this.#stalled !== null) break;
        this.#units.push(...this.#statements.accept(next.message, next.bytes));
      }
    } catch (cause) {
      this.#failure = { cause };
    }
    return this.#units.length > before;
  }

  /** Reads on when no unit waits; undefined when nothing is complete, or the target must answer first. */
  read(): Unit | undefined {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure.cause;
    for (;;) {
      const next = this.#stalled ?? this.#message();
      if (next === undefined) return this.#units.shift();
      const { message, bytes } = next;
      this.#stalled = null;
      if (this.#skipping) {
        if (message.kind === "terminate") return { kind: "terminate" };
        if (message.kind !== "sync") continue;
        this.#skipping = false;
      }
      if (this.#statements.unsettled(message)) {
        this.#stalled = next;
        return undefined;
      }
      this.#units.push(...this.#statements.accept(message, bytes));
      const unit = this.#units.shift();
      if (unit) return unit;
    }
  }

  /** As a server does after an error in the extended protocol; a Sync that was read already ends it. */
  skipToSync(): void {
    const sync = this.#units.findIndex(({ kind }) => kind === "sync" || kind === "terminate");
    for (const unit of this.#units.splice(0, sync === -1 ? this.#units.length : sync)) {
      if (unit.kind === "command") this.#statements.forgo(unit.steps);
      else if (unit.kind === "close") this.#statements.forgo([unit.step]);
      this.#onSkipped(unit);
    }
    this.#skipping = sync === -1;
    if (sync !== -1) return;
    this.#statements.abandon();
    // What is passed over is not looked at; bytes that are no messages are told of again.
    this.#failure = null;
  }

  #message(): { readonly message: FrontendMessage; readonly bytes: Buffer } | undefined {
    for (;;) {
      const frames = this.#reader.next();
      if (frames === undefined) return undefined;
      if (frames.kind === "part" && frames.type !== Frontend.CopyData) {
        if (!frames.last || this.#skipping) continue;
        this.#units.push(...this.#statements.tooLarge(frames.type, frames.total));
        return undefined;
      }
      if (frames.kind === "part" || frames.count > 1) continue; // COPY data that nobody reads
      const { type, bytes } = frames;
      this.#lastType = type;
      // What is passed over is not looked at.
      if (this.#skipping && type !== Frontend.Sync && type !== Frontend.Terminate) continue;
      return { message: parseFrontend(bytes), bytes };
    }
  }
}
