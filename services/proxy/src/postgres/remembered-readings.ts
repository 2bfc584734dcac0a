import type { CommandKind } from "@sallyport/contracts";
import type { Analysis } from "@sallyport/sql";
import { analysisSize } from "./analysis-size.ts";
import { askedBy } from "./asked.ts";
import type { Asked } from "./judged.ts";
import type { Surroundings } from "./operations.ts";
import type { Prepared } from "./protocol-names.ts";
import type { CatalogView } from "./catalog-view.ts";
import type { Read } from "./read-text.ts";
import { united } from "./united.ts";

export type Analysed = Extract<Analysis, { kind: "analysed" }>;

/** Longer texts are read each time. */
const longest = 16 * 1024;

/** What a reading hangs on. */
type Around = Pick<Surroundings, "view" | "names" | "unprovable">;

/** What a prepared statement was read as, and what all that its reading hung on was then. */
class Reading {
  readonly analysis: Analysed;
  readonly #text: string;
  readonly #names: object;
  readonly #unprovable: string | null;
  readonly #asked: Map<CommandKind, Asked>;

  constructor(text: string, { names, unprovable }: Around, analysis: Analysed) {
    this.#text = text;
    this.#names = names;
    this.#unprovable = unprovable;
    this.analysis = analysis;
    let shared = askedOf.get(analysis);
    if (shared === undefined) askedOf.set(analysis, (shared = new Map()));
    this.#asked = shared;
  }

  holds({ names, unprovable }: Around): boolean {
    return this.#names === names && this.#unprovable === unprovable;
  }

  /** What it asks as a command of this kind. */
  asked(kind: CommandKind): Asked {
    let asked = this.#asked.get(kind);
    if (asked === undefined) {
      const { statements, opaque } = this.analysis;
      const operations = united([this.analysis]);
      asked = askedBy({ kind, text: this.#text, statements, operations, opaque });
      this.#asked.set(kind, asked);
    }
    return asked;
  }
}

/** Bytes that the readings of one view may take; those of statements that are gone are counted too. */
const mostBytes = 64 * 1024 * 1024;

/** By the statement: forgotten together when they take too much, for each is soon made again. */
class Readings {
  #found = new WeakMap<Prepared, Reading>();
  #bytes = 0;

  get(prepared: Prepared): Reading | undefined {
    return this.#found.get(prepared);
  }

  set(prepared: Prepared, reading: Reading): void {
    const size = analysisSize(reading.analysis);
    if (this.#bytes + size > mostBytes) {
      this.#found = new WeakMap();
      this.#bytes = 0;
    }
    this.#bytes += size;
    this.#found.set(prepared, reading);
  }
}

/** By the view that they were read with, so that nothing outlives it. */
const readings = new WeakMap<CatalogView, Readings>();
/** Sessions that prepare the same text share what it asks. */
const askedOf = new WeakMap<Analysed, Map<CommandKind, Asked>>();

/** INVARIANT (I3): what is remembered is what reading the text anew would give: the same text, catalog, and names. */
export function recall(prepared: Prepared, around: Around): Reading | null {
  const reading = readings.get(around.view)?.get(prepared);
  return reading?.holds(around) ? reading : null;
}

export function remember(prepared: Prepared, around: Around, read: Read): void {
  const { text } = prepared;
  if (text === null || text.length > longest) return;
  if (read.kind !== "analysed" || !read.lasting || read.analysis.kind !== "analysed") return;
  let ofView = readings.get(around.view);
  if (ofView === undefined) readings.set(around.view, (ofView = new Readings()));
  ofView.set(prepared, new Reading(text, around, read.analysis));
}
