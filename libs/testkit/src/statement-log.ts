/** One line that PostgreSQL wrote when it was about to run a statement (`log_statement = all`). */
export interface LoggedStatement {
  /** The process of the session that ran it. */
  pid: number;
  user: string;
  database: string;
  application: string;
  /** Whether it came as a simple-query string or as an Execute. */
  via: "simple" | "execute";
  text: string;
  /** An Execute that takes more rows of a suspended portal. */
  continued?: true;
  /** Parameters of an Execute as the server prints them: `$1 = '42', $2 = NULL`. */
  parameters?: string;
}

/** For `log_line_prefix`; parsed below. */
export const logLinePrefix = "%m|%p|%u|%d|%a|";

const entryStart = /^\d{4}-\d\d-\d\d [\d:.]+ [^|]*\|(\d+)\|([^|]*)\|([^|]*)\|(.*?)\|([A-Z]+): {2}/;

/** What a server's log says it ran, in its order. */
export function parseStatementLog(log: string): LoggedStatement[] {
  const statements: LoggedStatement[] = [];
  for (const { pid, user, database, application, level, text } of entries(log)) {
    if (level === "LOG") {
      const match = /^(statement|execute [^:]*|fastpath function call): ([\s\S]*)$/.exec(text);
      if (!match) continue;
      const via = match[1] === "statement" ? "simple" : "execute";
      const continued = match[1]?.startsWith("execute fetch from ") === true;
      statements.push({
        pid,
        user,
        database,
        application,
        via,
        text: match[2] ?? "",
        ...(continued && { continued }),
      });
    } else if (level === "DETAIL") {
      const match = /^[Pp]arameters: ([\s\S]*)$/.exec(text);
      const last = statements.at(-1);
      if (match?.[1] !== undefined && last?.pid === pid) last.parameters = match[1];
    }
  }
  return statements;
}

interface Entry {
  pid: number;
  user: string;
  database: string;
  application: string;
  level: string;
  text: string;
}

/** A line that does not begin an entry continues the one before; the server has put a tab in front of it. */
function entries(log: string): Entry[] {
  const found: Entry[] = [];
  for (const line of log.split("\n")) {
    const match = entryStart.exec(line);
    const last = found.at(-1);
    if (match) {
      const [all, pid, user = "", database = "", application = "", level = ""] = match;
      found.push({
        pid: Number(pid),
        user,
        database,
        application,
        level,
        text: line.slice(all.length),
      });
    } else if (last && line.startsWith("\t")) {
      last.text += `\n${line.slice(1)}`;
    }
  }
  return found;
}
