/**
 * Whether an object in a JSON text has one member twice: two readers could then see two tokens. The text has been
 * parsed before, so only its structure is walked here.
 */
export function hasDuplicateMembers(json: string): boolean {
  const seen: (Set<string> | null)[] = [];
  for (const [token, string, colon] of json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/gsu)) {
    switch (token) {
      case "{":
        seen.push(new Set());
        break;
      case "[":
        seen.push(null);
        break;
      case "}":
      case "]":
        seen.pop();
        break;
      default: {
        const members = seen.at(-1);
        if (!members || string === undefined || colon === undefined) break;
        const name = JSON.parse(string) as string;
        if (members.has(name)) return true;
        members.add(name);
      }
    }
  }
  return false;
}
