export { leastRevealing } from "./least-revealing.ts";
export type { TypeInfo } from "./masked-type.ts";
export {
  computedConstant,
  jsonMaskerFor,
  maskerFor,
  type MaskedColumn,
  type Value,
} from "./masker.ts";
export type { PathMask } from "./json-masker.ts";
export {
  constantWriter,
  detectWriterFor,
  jsonMaskWriterFor,
  maskWriterFor,
  type MaskSink,
  type MaskWriter,
} from "./mask-writer.ts";
export { TooManyParts, withParts } from "./parts.ts";
export { detect, type Detected } from "./detect/detectors.ts";
export type { Found } from "./detect/mask-detected.ts";
