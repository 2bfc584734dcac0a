export { builtinReasons, type Answer, type Decision, type ShadowEffect } from "./decision.ts";
export { Engine, loadBundle, type Asked, type Loaded } from "./engine.ts";
export { explain } from "./explain.ts";
export type { PolicyBundle } from "./load.ts";
export { literalsOf, type Literal } from "./literals.ts";
export { policyMistakeText, type PolicyMistake } from "./mistake.ts";
export { builtinTags } from "./names.ts";
export type { Policy, Treatment } from "./policy.ts";
export { operationText } from "./resource-names.ts";
export {
  runPolicyTests,
  type Analyse,
  type PolicyTestReport,
  type PolicyTestResult,
  type Statement,
} from "./policy-tests.ts";
export type { Tables } from "./policy-test-file.ts";
