import { catalogue, type CatalogueEntry, type ErrorCode } from "./catalogue.ts";

export type { CatalogueEntry, ErrorCode };

export interface SallyErrorOptions {
  /** What stands in the braces of the public text and hint. */
  readonly params?: Readonly<Record<string, string | number>>;
  /** More public text for DETAIL: policies and their reasons. */
  readonly detail?: string;
  /** Private: for the log of this process only, never for a client, the bus or the evidence. */
  readonly cause?: unknown;
}

/**
 * An error of the catalogue. `message`, `detail` and `hint` are public; `cause` is private and never part of them.
 */
export class SallyError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
  /** Five characters, for PostgreSQL's ErrorResponse. */
  readonly sqlstate: string;
  readonly http: number;

  constructor(code: ErrorCode, options: SallyErrorOptions = {}) {
    const entry: CatalogueEntry = catalogue[code];
    super(interpolate(entry.text, options.params), { cause: options.cause });
    this.name = "SallyError";
    this.code = code;
    this.hint = entry.hint === undefined ? undefined : interpolate(entry.hint, options.params);
    this.detail = options.detail;
    this.sqlstate = entry.sqlstate;
    this.http = entry.http;
  }

  /** The public part and nothing else. */
  toJSON(): { code: string; message: string; detail?: string; hint?: string } {
    return {
      code: this.code,
      message: this.message,
      ...(this.detail !== undefined && { detail: this.detail }),
      ...(this.hint !== undefined && { hint: this.hint }),
    };
  }
}

/** Whether a code that came over the bus is one of ours. */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(catalogue, code);

/** Any thrown value as an error of the catalogue; what is not one becomes `internal` with a private cause. */
export const asSallyError = (thrown: unknown): SallyError =>
  thrown instanceof SallyError ? thrown : new SallyError("internal", { cause: thrown });

function interpolate(text: string, params: SallyErrorOptions["params"] = {}): string {
  return text.replaceAll(/\{([a-z]+)\}/g, (_, name: string) => String(params[name] ?? "?"));
}
