import type { JsonStep, Masker } from "@sallyport/contracts";
import {
  afterBlanks,
  afterContainer,
  afterString,
  afterWord,
  Splice,
  stringAt,
} from "./json-bytes.ts";
import { jsonNull, leafMasker, type LeafMasker } from "./json-leaf.ts";
import { leastRevealing } from "./least-revealing.ts";
import { maskerKind } from "./masker-kind.ts";
import { spendParts } from "./parts.ts";
import type { ValueMasker } from "./value-masker.ts";

export interface PathMask {
  readonly path: readonly JsonStep[];
  readonly masker: Masker;
}

/** Of a part that is masked, what it takes to pass over a value. */
const passedOver = 1 / 32;

/** The version that jsonb_send writes before the text. */
const jsonbVersion = 1;

/**
 * Masks what lies at some paths of a json document and leaves every other byte as it is: blanks, order of keys,
 * numbers, keys that are there twice. A step that is a name goes through arrays by itself, as jsonpath's lax mode does.
 * What is no json is NULL whole.
 */
export function jsonMasker(
  masks: readonly PathMask[],
  kind: "json" | "jsonb",
  format: 0 | 1,
  key: Buffer,
): ValueMasker {
  const walker = new Walker(masks, key);
  if (kind === "json" || format === 0) return (value) => walker.masked(value);
  return (value) => {
    const masked = value[0] === jsonbVersion ? walker.masked(value.subarray(1)) : null;
    return masked && Buffer.concat([value.subarray(0, 1), masked]);
  };
}

/** How far a path has come: it is at its end when `at` is its length. */
interface Progress {
  readonly mask: number;
  readonly at: number;
}

interface Container {
  readonly array: boolean;
  readonly within: readonly Progress[];
  index: number;
}

const none: readonly Progress[] = [];
const code = { brace: 0x7b, bracket: 0x5b, quote: 0x22, comma: 0x2c, colon: 0x3a, minus: 0x2d };

class Walker {
  readonly #masks: readonly PathMask[];
  readonly #key: Buffer;
  readonly #leaves = new Map<Masker, LeafMasker>();

  constructor(masks: readonly PathMask[], key: Buffer) {
    this.#masks = masks;
    this.#key = key;
    for (const { masker } of masks) this.#leaf(masker);
  }

  /** INVARIANT (I3): the documents are walked as bytes and without recursion, so that neither size nor depth ends it early. */
  masked(bytes: Buffer): Buffer | null {
    const out = new Splice(bytes);
    const open: Container[] = [];
    let at = afterBlanks(bytes, 0);
    let within: readonly Progress[] = this.#masks.map((_, mask) => ({ mask, at: 0 }));
    for (;;) {
      // A value begins at `at`.
      const inside = this.#value(bytes, at, within, out);
      if (inside === null) return null;
      if (inside.container) {
        open.push(inside.container);
        at = afterBlanks(bytes, at + 1);
        if (bytes[at] !== closing(inside.container)) {
          const next = this.#member(bytes, at, inside.container);
          if (next === null) return null;
          ({ at, within } = next);
          continue;
        }
      } else at = inside.end;
      // A value has ended before `at`, or a container without members is at its end.
      let next: { at: number; within: readonly Progress[] } | null = null;
      while (next === null) {
        at = afterBlanks(bytes, at);
        const around = open.at(-1);
        if (!around) return at === bytes.length ? out.finish() : null;
        if (bytes[at] === closing(around)) {
          open.pop();
          at++;
        } else if (bytes[at] === code.comma) {
          around.index++;
          next = this.#member(bytes, afterBlanks(bytes, at + 1), around);
          if (next === null) return null;
        } else return null;
      }
      ({ at, within } = next);
    }
  }

  /** Masks or passes over the value at `at`; a container that a path leads into is to be walked. */
  #value(
    bytes: Buffer,
    at: number,
    within: readonly Progress[],
    out: Splice,
  ): { end: number; container?: Container } | null {
    const masker = this.#ended(within);
    spendParts(masker === null ? passedOver : 1);
    const byte = bytes[at];
    const array = byte === code.bracket;
    if (array || byte === code.brace) {
      if (within.length > 0 && (masker === null || array))
        return { end: -1, container: { array, within, index: 0 } };
      const end = afterContainer(bytes, at);
      if (end === -1) return null;
      if (masker !== null) out.replace(at, end, jsonNull);
      return { end };
    }
    const end = byte === code.quote ? afterString(bytes, at) : afterWord(bytes, at);
    if (end === -1) return null;
    if (masker !== null) {
      const leaf = this.#leaf(masker);
      const text = byte === code.quote ? stringAt(bytes, at, end) : null;
      const number = byte !== undefined && (byte === code.minus || (byte >= 0x30 && byte <= 0x39));
      if (text !== null) out.replace(at, end, leaf.string(text));
      else out.replace(at, end, number ? leaf.number(bytes.toString("latin1", at, end)) : jsonNull);
    }
    return { end };
  }

  /** The value of a container's next member, which begins at `at` (in an object with its key). */
  #member(
    bytes: Buffer,
    at: number,
    around: Container,
  ): { at: number; within: readonly Progress[] } | null {
    if (around.array) return { at, within: this.#elements(around.within, String(around.index)) };
    const end = bytes[at] === code.quote ? afterString(bytes, at) : -1;
    const key = end === -1 ? null : stringAt(bytes, at, end);
    const colon = end === -1 ? -1 : afterBlanks(bytes, end);
    if (key === null || bytes[colon] !== code.colon) return null;
    return { at: afterBlanks(bytes, colon + 1), within: this.#step(around.within, key) };
  }

  #step(within: readonly Progress[], name: string): readonly Progress[] {
    if (within.length === 0) return none;
    const next: Progress[] = [];
    for (const { mask, at } of within) {
      const step = this.#masks[mask]?.path[at];
      if (step && (step.kind === "any" || step.name === name)) next.push({ mask, at: at + 1 });
    }
    return next;
  }

  /** Each place on a path once: arrays in arrays come to it in many ways. */
  #elements(within: readonly Progress[], index: string): readonly Progress[] {
    const through = within.filter(({ mask, at }) => this.#masks[mask]?.path[at]?.kind !== "any");
    const stepped = this.#step(within, index).filter(
      ({ mask, at }) => !through.some((one) => one.mask === mask && one.at === at),
    );
    return stepped.length === 0 ? through : [...stepped, ...through];
  }

  /** The least revealing of the masks whose paths end here. */
  #ended(within: readonly Progress[]): Masker | null {
    let masker: Masker | null = null;
    for (const { mask, at } of within) {
      const one = this.#masks[mask];
      if (!one || at < one.path.length) continue;
      masker = masker === null ? one.masker : leastRevealing(masker, one.masker);
    }
    return masker;
  }

  #leaf(masker: Masker): LeafMasker {
    const known = this.#leaves.get(masker);
    if (known) return known;
    const leaf = leafMasker(maskerKind(masker), this.#key);
    this.#leaves.set(masker, leaf);
    return leaf;
  }
}

const closing = ({ array }: Container): number => (array ? 0x5d : 0x7d);
