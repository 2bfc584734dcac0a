import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import {
  Duration,
  Masker,
  longestHold,
  maskersInWords,
  type HoldCondition,
} from "@sallyport/contracts";
import { entityOf } from "./literals.ts";
import { nearest } from "./nearest.ts";
import type { Treatment } from "./policy.ts";

const known = ["id", "reason", "mode", "mask", "hold", "quorum", "ttl", "wait"];
const ofHolds = ["quorum", "ttl", "wait"];
const defaults = { quorum: 1, ttl: 15 * 60_000, wait: 5 * 60_000 };

export interface ReadAnnotations {
  readonly treatment: Treatment;
  readonly reason?: string;
  readonly shadow: boolean;
}

/** `problem` and what would be right. */
export type Complain = (problem: string, right?: string) => void;

/** Reads what a policy's annotations ask for; what is wrong with them goes to `complain`. */
export function readAnnotations(
  id: string,
  policy: PolicyJson,
  complain: Complain,
): ReadAnnotations {
  const annotations = new Map<string, string | null>(Object.entries(policy.annotations ?? {}));
  for (const [name, value] of annotations) {
    if (!known.includes(name)) {
      const meant = nearest(name, known);
      complain(
        `unknown annotation \`@${name}\``,
        meant ? `did you mean \`@${meant}\`?` : `known are ${known.map((k) => `@${k}`).join(", ")}`,
      );
    } else if (typeof value !== "string" || value.trim() === "") {
      complain(`\`@${name}\` says nothing`, `write \`@${name}("…")\``);
    }
  }
  const value = (name: string): string | undefined => annotations.get(name) ?? undefined;
  const mode = value("mode");
  if (mode !== undefined && mode !== "shadow")
    complain(
      `unknown mode \`${mode}\``,
      'the only one is `@mode("shadow")`; without it a policy is enforced',
    );
  const reason = value("reason");
  return {
    treatment: readTreatment(id, policy, value, complain),
    ...(reason !== undefined && { reason }),
    shadow: mode === "shadow",
  };
}

function readTreatment(
  id: string,
  policy: PolicyJson,
  value: (name: string) => string | undefined,
  complain: Complain,
): Treatment {
  const masker = value("mask");
  const group = value("hold");
  const plain: Treatment = { kind: policy.effect };
  if (group === undefined)
    for (const name of ofHolds)
      if (value(name) !== undefined)
        complain(`\`@${name}\` belongs to a hold`, 'add `@hold("issuer/group")` or remove it');
  if (masker === undefined && group === undefined) return plain;
  if (policy.effect === "permit") {
    complain(
      "a condition stands on a permit",
      "`@mask` and `@hold` belong on a `forbid`: no, unless that is done",
    );
    return plain;
  }
  if (masker !== undefined && group !== undefined) {
    complain("a policy has both `@mask` and `@hold`", "write two policies, one condition each");
    return plain;
  }
  if (masker !== undefined) {
    lintMask(policy, masker, complain);
    return { kind: "mask", masker };
  }
  const condition: HoldCondition = {
    policy: id,
    group: group ?? "",
    quorum: quorum(value("quorum"), complain),
    ttl: duration("ttl", value("ttl"), complain),
    wait: duration("wait", value("wait"), complain),
    ...(value("reason") !== undefined && { reason: value("reason") }),
  };
  if (value("wait") !== undefined && condition.wait > condition.ttl)
    complain("`@wait` is longer than `@ttl`", "a command can only wait while its hold lives");
  return {
    kind: "hold",
    condition: { ...condition, wait: Math.min(condition.wait, condition.ttl) },
  };
}

function lintMask(policy: PolicyJson, masker: string, complain: Complain): void {
  if (!Masker.safeParse(masker).success)
    complain(`unknown masker \`${masker}\``, `use ${maskersInWords}`);
  if (!isReadOnly(policy.action))
    complain("`@mask` stands on another action than read", 'write `action == Action::"read"`');
  const { resource } = policy;
  const scope = resource.op === "is" ? resource.in : resource;
  const named = scope && "entity" in scope ? scope.entity : undefined;
  const type = named && entityOf(named).type;
  const onColumns = resource.op === "is" && resource.entity_type === "Column";
  if ((type !== undefined && !["Column", "Tag"].includes(type) && !onColumns) || isOther(resource))
    complain(
      "`@mask` stands on what is no classified column",
      'write `resource in Tag::"pii"` or `resource is Column in Connection::"orders"`',
    );
}

const isOther = (resource: PolicyJson["resource"]): boolean =>
  resource.op === "is" && resource.entity_type !== "Column";

function isReadOnly(action: PolicyJson["action"]): boolean {
  if (action.op === "All") return false;
  const entities =
    "entities" in action ? action.entities : "entity" in action ? [action.entity] : [];
  return entities.length > 0 && entities.every((entity) => entityOf(entity).id === "read");
}

function quorum(text: string | undefined, complain: Complain): number {
  if (text === undefined) return defaults.quorum;
  const number = /^[1-9]\d?$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= 16) return number;
  complain(`\`@quorum("${text}")\` is no number of people`, "use 1 to 16");
  return defaults.quorum;
}

function duration(name: "ttl" | "wait", text: string | undefined, complain: Complain): number {
  if (text === undefined) return defaults[name];
  const parsed = Duration.safeParse(text);
  if (parsed.success && parsed.data <= longestHold) return parsed.data;
  if (parsed.success) {
    complain(
      `\`@${name}("${text}")\` is longer than a hold is kept`,
      `use ${longestHold / 86_400_000}d at most`,
    );
    return defaults[name];
  }
  complain(`\`@${name}("${text}")\` is no duration`, "write one such as `30s`, `15m`, `8h`");
  return defaults[name];
}
