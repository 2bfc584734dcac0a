import { psql } from "@sallyport/testkit";

/** What one script said, rows first, then errors and notices; and what was said after it. */
export interface Said {
  readonly own: string;
  readonly after: string;
}

export interface Batch {
  readonly env: Record<string, string>;
  /** A database for each script; without it all have the connection's. */
  readonly databases?: readonly string[];
  /** Said after a script, once the session has let go of everything; ends with no semicolon. */
  readonly after: string;
}

const mark = (at: number, what: string): string => `@@${at} ${what}@@`;

const say = (text: string): string => `\\echo ${text}\n\\warn ${text}\n`;

/**
 * Runs scripts in as few psql sessions as possible, one after the other; a session that ends early is begun again
 * behind the script that ended it.
 */
export async function runScripts(scripts: readonly string[], batch: Batch): Promise<Said[]> {
  const said: Said[] = [];
  while (said.length < scripts.length) {
    const first = said.length;
    const args = ["-X", "-At", "-v", `db=${batch.env["PGDATABASE"] ?? ""}`, "-f", "-"];
    const input = scripts
      .slice(first)
      .map((script, at) => session(script, first + at, batch))
      .join("");
    const { stdout, stderr } = await psql(args, { env: batch.env, input });
    const ended = (at: number): boolean => stdout.includes(`${mark(at, "end")}\n`);
    for (let at = first; at < scripts.length && (at === first || ended(at - 1)); at += 1) {
      const rows = part(stdout, at);
      const errors = part(stderr, at);
      said.push({ own: `${rows.own}${errors.own}`, after: `${rows.after}${errors.after}` });
    }
  }
  return said;
}

function session(script: string, at: number, { databases, after }: Batch): string {
  const database = databases?.[at];
  const connect = database === undefined ? "" : `\\c ${database}\n\\set db ${database}\n`;
  // The end of COPY's data has its line to itself: psql skips to it where the COPY is refused.
  const whole = script.endsWith("\\.") ? script : `${script};`;
  return (
    `${connect}${say(mark(at, "begin"))}${whole}\n${say(mark(at, "after"))}` +
    `\\set VERBOSITY default\nROLLBACK;\nDISCARD ALL;\n${after};\n${say(mark(at, "end"))}`
  );
}

/** What stands between a script's marks, or behind them where its session ended. */
function part(text: string, at: number): Said {
  const between = (from: string, to: string): string => {
    const start = text.indexOf(`${mark(at, from)}\n`);
    if (start === -1) return "";
    const end = text.indexOf(`${mark(at, to)}\n`, start);
    return text.slice(start + mark(at, from).length + 1, end === -1 ? undefined : end);
  };
  return { own: between("begin", "after"), after: between("after", "end") };
}
