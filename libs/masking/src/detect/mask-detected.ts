import type { Detect, DetectorName, Masker } from "@sallyport/contracts";
import { afterString, afterWord, Splice, stringAt } from "../json-bytes.ts";
import { leastRevealing } from "../least-revealing.ts";
import { maskerKind } from "../masker-kind.ts";
import { spendParts } from "../parts.ts";
import { textMasker, type TextMasker } from "../text-maskers.ts";
import type { ValueMasker } from "../value-masker.ts";
import { detect, type Detected } from "./detectors.ts";

/** Told of each stretch that was masked: how often, never what. */
export type Found = (detector: DetectorName) => void;

interface Detector {
  /** The text with what was found masked; the same object when nothing was, null when NULL is to leave. */
  masked(text: string): string | null;
}

/** Masks what detectors find, in a text of any type. */
export function detectingTextMasker(asked: Detect, key: Buffer, found: Found): ValueMasker {
  const detector = detectorOf(asked, key, found);
  return (value) => {
    const text = value.toString("utf8");
    const masked = detector.masked(text);
    return masked === text ? value : masked === null ? null : Buffer.from(masked);
  };
}

/** Of a part that is masked, what it takes to look through a short text. */
const lookedThrough = 1 / 8;
const quote = 0x22;
const version = 1;

/** The same in the strings, keys and numbers of a json document; a number in which something is found is `null`. */
export function detectingJsonMasker(
  asked: Detect,
  kind: "json" | "jsonb",
  format: 0 | 1,
  key: Buffer,
  found: Found,
): ValueMasker {
  const detector = detectorOf(asked, key, found);
  const start = kind === "jsonb" && format === 1 ? 1 : 0;
  return (value) => {
    if (start === 1 && value[0] !== version) return null;
    return maskedJson(value, start, detector);
  };
}

function maskedJson(bytes: Buffer, start: number, detector: Detector): Buffer | null {
  const out = new Splice(bytes);
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) {
      const end = afterString(bytes, at);
      const text = end === -1 ? null : stringAt(bytes, at, end);
      if (text === null) return null;
      const masked = detector.masked(text);
      if (masked !== text) out.replace(at, end, Buffer.from(JSON.stringify(masked ?? "")));
      at = end;
    } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      const end = afterWord(bytes, at);
      const number = bytes.toString("latin1", at, end);
      if (detector.masked(number) !== number) out.replace(at, end, Buffer.from("null"));
      at = end;
    } else at++;
  }
  return out.finish();
}

function detectorOf(asked: Detect, key: Buffer, found: Found): Detector {
  const names = Object.keys(asked) as DetectorName[];
  const masks = new Map<Masker, TextMasker | null>();
  const maskOf = (masker: Masker): TextMasker | null => {
    const known = masks.get(masker);
    if (known !== undefined) return known;
    const mask = textMasker(maskerKind(masker), key);
    masks.set(masker, mask);
    return mask;
  };
  for (const masker of Object.values(asked)) maskOf(masker);
  return {
    masked(text) {
      spendParts(lookedThrough);
      const all = detect(text, names);
      if (all.length === 0) return text;
      const out: string[] = [];
      let taken = 0;
      for (const { start, end, detectors } of united(all)) {
        for (const detector of detectors) found(detector);
        const masker = detectors
          .map((detector) => asked[detector] ?? "null")
          .reduce((a, b) => leastRevealing(a, b));
        const masked = maskOf(masker)?.(Buffer.from(text.slice(start, end)));
        if (!masked) return null;
        out.push(text.slice(taken, start), masked.toString("utf8"));
        taken = end;
      }
      return out.join("") + text.slice(taken);
    },
  };
}

/** Stretches that overlap become one, of all the detectors that found a part of it. */
function united(
  all: readonly Detected[],
): { start: number; end: number; detectors: DetectorName[] }[] {
  const stretches: { start: number; end: number; detectors: Set<DetectorName> }[] = [];
  for (const { start, end, detector } of all.toSorted((a, b) => a.start - b.start)) {
    const last = stretches.at(-1);
    if (last && start < last.end) {
      last.end = Math.max(last.end, end);
      last.detectors.add(detector);
    } else stretches.push({ start, end, detectors: new Set([detector]) });
  }
  return stretches.map(({ start, end, detectors }) => ({ start, end, detectors: [...detectors] }));
}
