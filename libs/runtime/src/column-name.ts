/**
 * Splits `public."Odd.Name".email` into its parts as they are written; null when a part is neither a plain
 * lower-case name nor quoted.
 */
export function splitColumnName(text: string): string[] | null {
  const parts: string[] = [];
  const part = /(?:"(?:[^"\0]|"")+"|[a-z_][a-z0-9_]*)(\.|$)/y;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (!match) return null;
    parts.push(match[0].slice(0, match[0].length - (match[1]?.length ?? 0)));
    if (match[1] === "") return parts;
  }
  return null;
}
