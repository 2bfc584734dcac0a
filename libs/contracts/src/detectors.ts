import { z } from "zod";
import { Masker } from "./masker.ts";

/** What can be looked for in texts that nobody classified. */
export const DetectorName = z.enum(["card", "email", "iban", "phone", "national-id", "secret"]);
export type DetectorName = z.infer<typeof DetectorName>;

const textMasker = Masker.refine(
  (masker) => !/^(?:date|round|digits):/.test(masker),
  "a masker of texts: `null`, `redact`, `hash`, `partial`, `partial:n` or `email`",
);

/** Detector to masker; a list takes `redact` for each. */
export const Detect = z.union([
  z
    .array(DetectorName)
    .min(1)
    .transform((names): Partial<Record<DetectorName, Masker>> =>
      Object.fromEntries(names.map((name) => [name, "redact"])),
    ),
  z.partialRecord(DetectorName, textMasker),
]);
export type Detect = z.infer<typeof Detect>;
