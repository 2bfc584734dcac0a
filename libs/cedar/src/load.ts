import {
  policyToJson,
  validate,
  type DetailedError,
  type PolicyJson,
} from "@cedar-policy/cedar-wasm/nodejs";
import { cedarBaseline, cedarSchema, type Bundle } from "@sallyport/contracts";
import { readAnnotations } from "./annotations.ts";
import { contextOf, literalsOf } from "./literals.ts";
import type { PolicyMistake } from "./mistake.ts";
import { nearest } from "./nearest.ts";
import { lintGroup, lintName, namesOf, type Names } from "./names.ts";
import { lineAt, splitPolicies, type PolicyText } from "./policy-text.ts";
import type { Policy } from "./policy.ts";
import { actionNames } from "./schema.ts";

/** What of a bundle decides how it loads. */
export type PolicyBundle = Pick<
  Bundle,
  "connections" | "issuers" | "approvers" | "baseline" | "policies"
>;

const baselineFile = "baseline.cedar";

/** Reads and lints every policy of a bundle, the baseline included; all mistakes at once. */
export function readPolicies(bundle: PolicyBundle): {
  policies: readonly Policy[];
  mistakes: readonly PolicyMistake[];
} {
  const names = namesOf(bundle);
  const mistakes: PolicyMistake[] = [];
  const policies: Policy[] = [];
  const read = (file: string, text: string, ours: boolean): void => {
    splitPolicies(text).forEach((piece, index) => {
      const policy = readPolicy({ file, piece, index, ours }, names, mistakes);
      if (policy) policies.push(policy);
    });
  };
  if (bundle.baseline) read(baselineFile, cedarBaseline, true);
  for (const { file, text } of bundle.policies) read(file, text, false);
  lintDuplicates(policies, mistakes);
  lintAgainstSchema(policies, mistakes);
  return {
    policies,
    mistakes: mistakes.toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line),
  };
}

interface Piece {
  readonly file: string;
  readonly piece: PolicyText;
  readonly index: number;
  readonly ours: boolean;
}

function readPolicy(
  { file, piece, index, ours }: Piece,
  names: Names,
  mistakes: PolicyMistake[],
): Policy | undefined {
  const parsed = policyToJson(piece.text);
  if (parsed.type === "failure") {
    mistakes.push(...parsed.errors.map((error) => cedarMistake(file, piece, undefined, error)));
    return undefined;
  }
  const { json } = parsed;
  const id = json.annotations?.["id"] ?? `${file}#${index + 1}`;
  const complain = (problem: string, right?: string): void => {
    mistakes.push({
      file,
      line: piece.line,
      policy: id,
      problem: `policy \`${id}\`: ${problem}`,
      ...(right !== undefined && { right }),
    });
  };
  if (!/^[\x21-\x7e]{1,128}$/.test(id))
    complain("an id is 1 to 128 visible ASCII characters without a space", "choose another `@id`");
  if (id.startsWith("builtin:") && !ours) complain("ids that begin with `builtin:` are ours");
  if (hasSlot(json)) complain("a template (`?principal`, `?resource`) stands for no policy yet");
  const annotations = readAnnotations(id, json, complain);
  if (annotations.treatment.kind === "hold")
    lintGroup(annotations.treatment.condition.group, names, complain);
  for (const literal of literalsOf(json)) lintName(literal, names, complain);
  return {
    id,
    file,
    line: piece.line,
    text: piece.text,
    json,
    context: contextOf(json),
    ...annotations,
  };
}

const hasSlot = ({ principal, resource }: PolicyJson): boolean =>
  JSON.stringify([principal, resource]).includes('"slot"');

function lintDuplicates(policies: readonly Policy[], mistakes: PolicyMistake[]): void {
  const first = new Map<string, Policy>();
  for (const policy of policies) {
    const { id, file, line } = policy;
    const earlier = first.get(id);
    if (!earlier) first.set(id, policy);
    else
      mistakes.push({
        file,
        line,
        policy: id,
        problem: `policy \`${id}\` is there twice`,
        right: `the other is at ${earlier.file}:${earlier.line}; an id names one policy`,
      });
  }
}

/** Cedar's own strict validation. A policy that can never match is refused too: it protects nothing. */
function lintAgainstSchema(policies: readonly Policy[], mistakes: PolicyMistake[]): void {
  const byKey = new Map(policies.map((policy, index) => [`p${index}`, policy]));
  const answer = validate({
    schema: cedarSchema,
    policies: {
      staticPolicies: Object.fromEntries([...byKey].map(([key, policy]) => [key, policy.text])),
    },
  });
  if (answer.type === "failure") {
    for (const { message } of answer.errors)
      mistakes.push({ file: "policies", line: 1, problem: message });
    return;
  }
  const wrong = new Set(answer.validationErrors.map(({ policyId }) => policyId));
  const impossible = answer.validationWarnings.filter(
    ({ policyId, error }) => !wrong.has(policyId) && error.message.includes("policy is impossible"),
  );
  for (const { policyId, error } of [...answer.validationErrors, ...impossible]) {
    const policy = byKey.get(policyId);
    if (policy)
      mistakes.push(
        cedarMistake(policy.file, policy, policy.id, {
          ...error,
          message: error.message.replace(`policy \`${policyId}\``, `policy \`${policy.id}\``),
        }),
      );
  }
}

function cedarMistake(
  file: string,
  piece: PolicyText,
  policy: string | undefined,
  { message, help, sourceLocations }: DetailedError,
): PolicyMistake {
  const place = sourceLocations?.[0];
  const action = /unrecognized action `Action::"([^"]*)"`/.exec(message)?.[1];
  const meant = action === undefined ? undefined : nearest(action, actionNames);
  const right =
    meant === undefined ? (help ?? place?.label ?? undefined) : `did you mean \`${meant}\`?`;
  return {
    file,
    line: place ? lineAt(piece, place.start) : piece.line,
    ...(policy !== undefined && { policy }),
    problem: message.replace(/^for policy/, "policy").replace(/^(policy `[^`]*`),/, "$1:"),
    ...(right !== undefined && { right }),
  };
}
