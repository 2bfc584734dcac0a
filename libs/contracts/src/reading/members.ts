import { idForm, sha256Form } from "../ids.ts";
import { traceForm } from "../trace.ts";

/** An object as JSON.parse gives it. */
export type Members = Readonly<Record<string, unknown>>;

/** The object that a text of JSON is; null when it is anything else. */
export function readMembers(text: string): Members | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Members)
      : null;
  } catch {
    return null;
  }
}

/** How many members it has. */
export const countOf = (members: Members): number => Object.keys(members).length;

export const isId = (value: unknown): value is string =>
  typeof value === "string" && idForm.test(value);

export const isSha256 = (value: unknown): value is string =>
  typeof value === "string" && sha256Form.test(value);

export const isTrace = (value: unknown): value is string =>
  typeof value === "string" && traceForm.test(value);

/** A whole number that is exact, not below `least`. */
export const isCount = (value: unknown, least = 0): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least;
