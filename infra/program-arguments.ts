/** What came of a command line: what the program was called with, or what it says and ends with at once. */
export type Call<Arguments> =
  | { readonly kind: "run"; readonly with: Arguments }
  | { readonly kind: "end"; readonly code: 0 | 2; readonly text: string };

/** `--help` wants the usage; what `read` throws of is said above it. */
export function readCall<Arguments>(
  usage: string,
  read: (argv: readonly string[]) => Arguments,
  argv: readonly string[],
): Call<Arguments> {
  if (argv.includes("--help") || argv.includes("-h")) return { kind: "end", code: 0, text: usage };
  try {
    return { kind: "run", with: read(argv) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return { kind: "end", code: 2, text: `${why}\n${usage}` };
  }
}

/** What this process was called with; it ends here, with 0, when it is asked for help, and with 2 when called wrongly. */
export function programArguments<Arguments>(
  usage: string,
  read: (argv: readonly string[]) => Arguments,
): Arguments {
  const call = readCall(usage, read, process.argv.slice(2));
  if (call.kind === "run") return call.with;
  (call.code === 0 ? process.stdout : process.stderr).write(`${call.text}\n`);
  process.exit(call.code);
}
