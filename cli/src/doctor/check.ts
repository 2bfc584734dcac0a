import { paint } from "../output.ts";

/** One thing that was looked at. */
export interface Check {
  /** What was looked at, such as `bus` or `target orders`. */
  readonly about: string;
  readonly state: "ok" | "warn" | "fail";
  readonly found: string;
  /** The next step, when something is wrong. */
  readonly todo?: string;
}

export const ok = (about: string, found: string): Check => ({ about, state: "ok", found });
export const warn = (about: string, found: string, todo: string): Check => ({
  about,
  state: "warn",
  found,
  todo,
});
export const fail = (about: string, found: string, todo: string): Check => ({
  about,
  state: "fail",
  found,
  todo,
});

const marks = { ok: ["green", "ok  "], warn: ["yellow", "warn"], fail: ["red", "FAIL"] } as const;

export function checkText({ about, state, found, todo }: Check): string {
  const [colour, mark] = marks[state];
  const line = `${paint(colour, mark)}  ${about}: ${found}`;
  return todo === undefined ? line : `${line}\n      ${todo}`;
}

/** What a thrown thing says, in one line. */
export const reason = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
