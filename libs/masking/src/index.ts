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
  jsonMaskWriterFor,
  maskWriterFor,
  type MaskSink,
  type MaskWriter,
} from "./mask-writer.ts";
