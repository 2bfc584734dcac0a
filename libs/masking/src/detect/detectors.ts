import type { DetectorName } from "@sallyport/contracts";
import { cards } from "./card.ts";
import { emails } from "./email.ts";
import { folded } from "./folded.ts";
import { ibans } from "./iban.ts";
import { nationalIds } from "./national-id.ts";
import { phones } from "./phone.ts";
import { secrets } from "./secret.ts";
import type { Find, Span } from "./span.ts";

interface Detector {
  /** Whether it is worth to look: what a text must have in it, before anything is folded. */
  readonly worth: RegExp;
  readonly find: Find;
}

const digits = /(?:[\d\u0660-\uffff][^\d\u0660-\uffff]{0,3}){7}/;

const detectors: Readonly<Record<DetectorName, Detector>> = {
  card: { worth: digits, find: cards },
  email: { worth: /[@\uff20\ufe6b]|%40/, find: emails },
  iban: { worth: /[A-Za-z\uff21-\uff5a]{2}[\d\u0660-\uffff]{2}/, find: ibans },
  phone: { worth: digits, find: phones },
  "national-id": { worth: digits, find: nationalIds },
  secret: { worth: /[-_.]|A[KSBCI]/, find: secrets },
};

export interface Detected extends Span {
  readonly detector: DetectorName;
}

/** Whatever these detectors find in a text, in no order; stretches may overlap. */
export function detect(text: string, names: readonly DetectorName[]): Detected[] {
  const worth = names.filter((name) => detectors[name].worth.test(text));
  if (worth.length === 0) return [];
  const plain = folded(text);
  return worth.flatMap((detector) =>
    detectors[detector].find(plain).map((span) => ({ detector, ...span })),
  );
}
