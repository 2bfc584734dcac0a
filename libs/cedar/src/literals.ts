import type { Expr, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";

/** An entity that a policy names. */
export interface Literal {
  readonly type: string;
  readonly id: string;
}

/** Every entity named in a policy's scope and conditions, its actions too. */
export function literalsOf(policy: PolicyJson): Literal[] {
  const found: Literal[] = [];
  walk([policy.principal, policy.action, policy.resource, policy.conditions], (node) => {
    if (typeof node["type"] === "string" && typeof node["id"] === "string")
      found.push({ type: node["type"], id: node["id"] });
  });
  return found;
}

/** An entity of a policy's scope in one form; Cedar's JSON has two. */
export function entityOf(entity: Literal | { __entity: Literal }): Literal {
  if (!("__entity" in entity)) return entity;
  const { __entity: inner } = entity;
  return inner;
}

/** What a policy's answer depends on beside entities: attributes of the context that it looks at. */
export function contextOf(policy: PolicyJson): Set<string> {
  const found = new Set<string>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== "object" || node === null) return;
    const attribute = contextAttribute(node as Expr);
    if (attribute !== undefined) {
      found.add(attribute);
      return;
    }
    if ("Var" in node && node.Var === "context") everything.forEach((name) => found.add(name));
    Object.values(node).forEach(visit);
  };
  visit(policy.conditions);
  return found;
}

const everything = ["time", "address", "claims", "use", "where"] as const;

/** `context.x` or `context has x`. */
function contextAttribute(node: Expr): string | undefined {
  const access = "." in node ? node["."] : "has" in node ? node.has : undefined;
  if (access === undefined || typeof access !== "object" || !("left" in access)) return undefined;
  const { left, attr } = access as { left: Expr; attr: unknown };
  return "Var" in left && left.Var === "context" && typeof attr === "string" ? attr : undefined;
}

function walk(node: unknown, visit: (object: Record<string, unknown>) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  visit(node as Record<string, unknown>);
  for (const value of Object.values(node)) walk(value, visit);
}
