import type { z } from "zod";
import { keysAt } from "./config-json-schema.ts";
import type { ConfigPath } from "./config-places.ts";

/** `connections.orders.columns."public.customers.email"[0]`. */
export const pathText = (path: ConfigPath): string =>
  path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      const name = /^[\w#/-]+$/.test(String(step)) ? String(step) : JSON.stringify(String(step));
      return index === 0 ? name : `.${name}`;
    })
    .join("");

/** A value as messages show it; never one that may be a secret. */
export function valueText(value: unknown, path: ConfigPath): string {
  if (path.some((step) => step === "password" || step === "secret"))
    return typeof value === "string"
      ? "a text (a secret is named here, never written)"
      : shape(value);
  return shape(value);
}

function shape(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a map";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text === "" ? "an empty text" : `\`${text.length > 60 ? `${text.slice(0, 60)}…` : text}\``;
}

/** What would be right at the place of an issue, as noun phrases. */
export function expectationsOf(issue: z.core.$ZodIssue, path: ConfigPath): string[] {
  if (issue.code === "invalid_value") return issue.values.map((value) => `\`${String(value)}\``);
  return [expectationOf(issue, path)];
}

function expectationOf(issue: z.core.$ZodIssue, path: ConfigPath): string {
  if (issue.code === "invalid_type") return typeText(issue.expected, path);
  if (issue.code === "invalid_format") {
    if (issue.format === "url") return "a URL such as `https://idp.example.com`";
    return issue.message.startsWith("a") ? issue.message : formatText(path);
  }
  if (issue.code === "too_small") {
    if (issue.origin === "string") return "a text that is not empty";
    if (issue.origin === "array") return `a list of at least ${String(issue.minimum)}`;
    return `a number from ${String(issue.minimum)}`;
  }
  if (issue.code === "too_big") {
    const list = issue.origin === "array" ? "a list of at most" : "a number up to";
    return `${list} ${String(issue.maximum)}`;
  }
  return issue.message;
}

function typeText(expected: string, path: ConfigPath): string {
  switch (expected) {
    case "string":
      return "a text";
    case "int":
      return "a whole number";
    case "number":
      return "a number";
    case "array":
      return "a list";
    case "object":
    case "record": {
      const keys = keysAt(path);
      return keys.length === 0 ? "a map" : `a map of ${keys.map((key) => `\`${key}\``).join(", ")}`;
    }
    default:
      return expected;
  }
}

const formatText = (path: ConfigPath): string =>
  path.at(-1) === "env" ? "the name of an environment variable" : "a name such as `orders`";

/** `a, b or c`, each once; YAML's `false` and `true` stand behind `off` and `on` and are left out. */
export function inWords(phrases: readonly string[]): string {
  const words = new Set(phrases);
  if (words.has("`off`")) words.delete("`false`");
  if (words.has("`on`")) words.delete("`true`");
  const all = [...words];
  const last = all.pop() ?? "something else";
  return all.length === 0 ? last : `${all.join(", ")} or ${last}`;
}
