import type { Detect, DetectorName } from "@sallyport/contracts";
import { detect, detectWriterFor, type MaskedColumn, type MaskWriter } from "@sallyport/masking";
import type { MessageFields } from "@sallyport/pgwire";

/**
 * What a connection's detectors mask in one command's results, where nobody classified a column: how often, by
 * detector. There is none for a connection without detectors, which pays nothing for them.
 */
export class Detecting {
  readonly #asked: Detect;
  readonly #counts = new Map<DetectorName, number>();

  constructor(asked: Detect) {
    this.#asked = asked;
  }

  /** Undefined for a column that holds no text. */
  writer(column: Omit<MaskedColumn, "masker">): MaskWriter | undefined {
    return detectWriterFor(column, this.#asked, (name) => {
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    });
  }

  /** Undefined when nothing was found. */
  counts(): Record<string, number> | undefined {
    return this.#counts.size === 0 ? undefined : Object.fromEntries(this.#counts);
  }
}

export const detectingFor = (asked: Detect | undefined): Detecting | null =>
  asked === undefined || detectorsOf(asked).length === 0 ? null : new Detecting(asked);

export const detectorsOf = (asked: Detect | undefined): readonly DetectorName[] =>
  asked === undefined ? [] : (Object.keys(asked) as DetectorName[]);

/** Whether `detectors` find something in what a target says in an error or a notice. */
export const findsInText = (detectors: readonly DetectorName[], fields: MessageFields): boolean =>
  detectors.length > 0 && Object.values(fields).some((text) => detect(text, detectors).length > 0);
