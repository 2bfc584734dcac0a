/** How writers write values that are new in each line. */
const written: Readonly<Record<string, string>> = {
  id: '"([a-z2-7]{26})"',
  sha256: '"([0-9a-f]{64})"',
  "sha256|null": '(?:null|"([0-9a-f]{64})")',
  // Of 15 digits at most: longer ones may not be exact.
  count: "(0|[1-9][0-9]{0,14})",
  flag: "(true|false)",
  // A member, or nothing.
  trace: '(?:,"trace":"(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})")?',
};

/** Fits the beginning of a line that has these members in this order, and no white space; catches each value. */
export function lineBeginning(...members: readonly string[]): RegExp {
  const form = members.join("").replace("{", "\\{");
  return new RegExp(
    form.replace(/<([^>]+)>/g, (_, name: string) => written[name] ?? ""),
    "y",
  );
}

/** Undefined for what is no JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A whole number that is exact, not below 0. */
export const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
