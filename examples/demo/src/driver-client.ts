import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Client as Driver, DatabaseError, type ClientConfig, type QueryArrayResult } from "pg";
import type { Answer, Client, ClientEnvironment, RunningClient } from "./client.ts";

/** node-postgres, printing as psql does. */
export const driverClient: Client = {
  name: "node-postgres",
  typed: (sql) => `query("${sql}")`,
  run: (sql, environment) => start(environment, (ask) => ask(sql)).done,
  start: (sql, environment) => start(environment, (ask) => ask(sql)),
  typedRepeated: (sql, seconds) => `query("${sql}") every ${seconds} s`,
  startRepeated: (sql, seconds, environment) =>
    start(environment, async (ask, closing) => {
      while (!closing.aborted) {
        await ask(sql);
        await delay(seconds * 1000, undefined, { signal: closing }).catch(() => undefined);
      }
    }),
};

type Script = (ask: (sql: string) => Promise<void>, closing: AbortSignal) => Promise<void>;

function start(environment: ClientEnvironment, script: Script): RunningClient {
  const closing = new AbortController();
  let text = "";
  const say = (line: string): void => {
    text += `${line}\n`;
  };
  const work = async (): Promise<Answer> => {
    const driver = new Driver(settingsOf(environment));
    let lost: Error | undefined;
    driver.on("error", (cause) => {
      lost = cause;
      closing.abort();
    });
    driver.on("notice", (notice) => say(`NOTICE:  ${notice.message}${fieldsOf(notice)}`));
    try {
      await driver.connect();
      await script(async (sql) => {
        const result = await driver.query({ text: sql, rowMode: "array" });
        say(printed(result));
      }, closing.signal);
      if (lost) throw lost;
      return { text, ok: true };
    } catch (cause) {
      say(complaint(lost ?? cause));
      return { text, ok: false };
    } finally {
      await driver.end().catch(() => undefined);
    }
  };
  return {
    get text() {
      return text;
    },
    done: work(),
    close: () => closing.abort(),
  };
}

/** The same variables that psql reads. */
function settingsOf(environment: ClientEnvironment): ClientConfig {
  const ca = environment["PGSSLROOTCERT"];
  return {
    host: environment["PGHOST"] ?? "127.0.0.1",
    port: Number(environment["PGPORT"]),
    database: environment["PGDATABASE"] ?? "",
    user: environment["PGUSER"] ?? "",
    password: environment["PGPASSWORD"] ?? "",
    ssl: ca === undefined ? false : { ca: readFileSync(ca, "utf8") },
  };
}

function printed({ fields, rows, command, rowCount }: QueryArrayResult<unknown[]>): string {
  if (fields.length === 0)
    return command === "INSERT"
      ? `INSERT 0 ${rowCount ?? 0}`
      : `${command} ${rowCount ?? ""}`.trim();
  const cells = [fields.map(({ name }) => name), ...rows.map((row) => row.map(cellText))];
  const widths = fields.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  const lines = cells.map((row) =>
    row.map((cell, column) => ` ${cell.padEnd(widths[column] ?? 0)} `).join("|"),
  );
  const rule = widths.map((width) => "-".repeat(width + 2)).join("+");
  const count = `(${rows.length} ${rows.length === 1 ? "row" : "rows"})`;
  return [lines[0], rule, ...lines.slice(1), count, ""].join("\n");
}

const cellText = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return typeof value === "string" ? value : JSON.stringify(value);
};

const fieldsOf = ({ detail, hint }: { detail?: string | undefined; hint?: string | undefined }) =>
  (detail === undefined ? "" : `\nDETAIL:  ${detail}`) +
  (hint === undefined ? "" : `\nHINT:  ${hint}`);

function complaint(cause: unknown): string {
  if (cause instanceof DatabaseError)
    return `${cause.severity ?? "ERROR"}:  ${cause.message}${fieldsOf(cause)}`;
  return `FATAL:  ${cause instanceof Error ? cause.message : String(cause)}`;
}
