export { leastRevealing } from "./least-revealing.ts";
export type { TypeInfo } from "./masked-type.ts";
export { computedConstant, maskerFor, type MaskedColumn, type Value } from "./masker.ts";
