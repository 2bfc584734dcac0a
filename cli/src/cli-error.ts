/** Ends the command with exit code 1 (refused or failed), or 2 (wrong usage); said on standard error. */
export class CliError extends Error {
  readonly exitCode: 1 | 2;
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string; exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "CliError";
    this.exitCode = options.exitCode ?? 1;
    this.hint = options.hint;
  }
}
