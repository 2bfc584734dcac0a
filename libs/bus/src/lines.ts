const newline = 0x0a;

/**
 * The lines of an NDJSON message, each as its bytes without the newline; null when it does not end with one or has
 * an empty line.
 */
export function splitLines(message: Uint8Array): Uint8Array[] | null {
  const lines: Uint8Array[] = [];
  let at = 0;
  while (at < message.length) {
    const end = message.indexOf(newline, at);
    if (end <= at) return null;
    lines.push(message.subarray(at, end));
    at = end + 1;
  }
  return lines.length > 0 ? lines : null;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** A line as JSON; null when it is not UTF-8 or not JSON. */
export function parseLine(line: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(line));
  } catch {
    return null;
  }
}
