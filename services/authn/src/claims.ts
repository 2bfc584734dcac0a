/**
 * The claim at a path, or undefined. A path is first taken as a claim's whole name (`https://example.com/groups`),
 * then as steps with dots between them (`realm_access.roles`).
 */
export function claimAt(claims: Readonly<object>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return (claims as Record<string, unknown>)[path];
  let at: unknown = claims;
  for (const step of path.split(".")) {
    if (typeof at !== "object" || at === null || Array.isArray(at) || !Object.hasOwn(at, step))
      return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

/** Whether a text can stand for somebody: not empty, no control characters, no halves of characters. */
export const isName = (value: unknown, longest: number): value is string =>
  typeof value === "string" &&
  value.length > 0 &&
  value.length <= longest &&
  value.isWellFormed() &&
  !/\p{Cc}/u.test(value);
