/** How COPY TO writes its lines. Bytes where PostgreSQL takes one byte. */
export type CopyForm =
  | {
      readonly format: "text";
      readonly delimiter: number;
      readonly nullText: Buffer;
      readonly header: boolean;
    }
  | {
      readonly format: "csv";
      readonly delimiter: number;
      readonly nullText: Buffer;
      readonly header: boolean;
      readonly quote: number;
      readonly escape: number;
      /** By column. */
      readonly forceQuote: readonly boolean[];
    }
  | { readonly format: "binary" };

/** Options as they are written, by their names; absent ones have PostgreSQL's default for the format. */
export type CopyOptions = Readonly<Record<string, string>>;

const known = new Set(["delimiter", "null", "header", "quote", "escape", "force_quote"]);
/** They say nothing of what is written. `encoding` is UTF8, which the caller knows. */
const harmless = new Set(["encoding", "log_verbosity"]);

/**
 * Reads the options of a COPY TO as PostgreSQL does (ProcessCopyOptions in copy.c). `columns` are the names of what is
 * copied, in order. A text says what cannot be honoured, or what PostgreSQL would refuse.
 */
export function copyForm(
  format: "text" | "csv" | "binary",
  options: CopyOptions,
  columns: readonly string[],
): CopyForm | string {
  for (const name of Object.keys(options))
    if (!known.has(name) && !harmless.has(name)) return `COPY has the option \`${name}\``;
  if (format === "binary") {
    const other = Object.keys(options).find((name) => known.has(name));
    return other === undefined ? { format } : `COPY has the option \`${other}\` in binary format`;
  }
  const csv = format === "csv";
  const delimiter = oneByte(options["delimiter"] ?? (csv ? "," : "\t"));
  const header = readBoolean(options["header"] ?? "false");
  const nullText = Buffer.from(options["null"] ?? (csv ? "" : "\\N"));
  if (delimiter === null || breaks(delimiter) || (!csv && delimiter === backslash))
    return "the delimiter of COPY is no single byte";
  if (header === null) return "the header of COPY is neither on nor off";
  if (nullText.some(breaks) || nullText.includes(delimiter))
    return "the null text of COPY holds a delimiter or the end of a line";
  if (!csv) {
    if (["quote", "escape", "force_quote"].some((name) => name in options))
      return "COPY has an option of CSV in text format";
    return { format, delimiter, nullText, header };
  }
  const quote = oneByte(options["quote"] ?? '"');
  const escape = oneByte(options["escape"] ?? options["quote"] ?? '"');
  if (quote === null || breaks(quote) || quote === delimiter || nullText.includes(quote))
    return "COPY cannot tell its quotes, delimiter and null text apart";
  if (escape === null || breaks(escape)) return "the escape of COPY is no single byte";
  const forceQuote = forced(options["force_quote"], columns);
  if (forceQuote === null) return "COPY forces quotes on columns that it does not tell apart";
  return { format, delimiter, nullText, header, quote, escape, forceQuote };
}

const backslash = 0x5c;
const breaks = (byte: number): boolean => byte === 0x0a || byte === 0x0d;

function oneByte(text: string): number | null {
  const bytes = Buffer.from(text);
  return bytes.length === 1 ? (bytes[0] ?? null) : null;
}

/** As defGetBoolean reads words and numbers. */
function readBoolean(text: string): boolean | null {
  if (/^(?:true|on|1)$/i.test(text)) return true;
  return /^(?:false|off|0)$/i.test(text) ? false : null;
}

/** Whether a value can look like NULL. In CSV such values are quoted. */
export const nullMayBeValue = (form: CopyForm): boolean =>
  form.format === "text" && mayBeWritten(form.nullText);

/** What follows a backslash in text format. */
const escaped = new Set(Buffer.from("bfnrtv\\"));

/** Whether a value can be written so; a delimiter is not in it. */
function mayBeWritten(text: Buffer): boolean {
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== backslash) continue;
    at++;
    if (!escaped.has(text[at] ?? 0)) return false;
  }
  return true;
}

/** `list` has the names joined by commas, or a star. */
function forced(list: string | undefined, columns: readonly string[]): boolean[] | null {
  if (list === undefined) return columns.map(() => false);
  if (list === "*") return columns.map(() => true);
  if (columns.some((name) => name.includes(","))) return null;
  const names = new Set(list.split(","));
  return columns.map((name) => names.has(name));
}
