/** One policy of a Cedar file: its text from its first annotation or effect to its semicolon. */
export interface PolicyText {
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

/**
 * Cuts a Cedar file into its policies: a semicolon outside of strings and comments ends one. What follows the
 * last semicolon comes as a policy too, so that Cedar can say what is wrong with it.
 */
export function splitPolicies(file: string): PolicyText[] {
  const found: PolicyText[] = [];
  const token = /"(?:[^"\\]|\\[\s\S])*"?|\/\/[^\n]*|\n|;|[^\s]/g;
  let start = -1;
  let startLine = 0;
  let line = 1;
  for (const { 0: text, index } of file.matchAll(token)) {
    if (text === "\n") {
      line++;
      continue;
    }
    if (text.startsWith("//")) continue;
    if (start < 0) {
      start = index;
      startLine = line;
    }
    if (text === ";") {
      found.push({ text: file.slice(start, index + 1), line: startLine });
      start = -1;
    }
    line += newlines(text);
  }
  if (start >= 0) found.push({ text: file.slice(start), line: startLine });
  return found;
}

/** The line of the file on which a byte offset of Cedar's into this policy's text lies. */
export function lineAt(policy: PolicyText, byteOffset: number): number {
  const before = Buffer.from(policy.text, "utf8").subarray(0, byteOffset).toString("utf8");
  return policy.line + newlines(before);
}

const newlines = (text: string): number => text.split("\n").length - 1;
