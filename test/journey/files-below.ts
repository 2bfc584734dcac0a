import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every file below a folder in which services are at work: what they put away or replace meanwhile is left out. */
export function* filesBelow(directory: string): Generator<{ path: string; content: Buffer }> {
  for (const entry of unlessGone(() => readdirSync(directory, { withFileTypes: true })) ?? []) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) {
      const content = unlessGone(() => readFileSync(path));
      if (content !== null) yield { path, content };
    }
  }
}

function unlessGone<T>(read: () => T): T | null {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw cause;
  }
}
