import { startPsql, type RunningPsql } from "@sallyport/testkit";
import type { Answer, Client, ClientEnvironment, RunningClient } from "./client.ts";

/** The psql of this machine, as it is. */
export const psqlClient: Client = {
  name: "psql",
  typed: (sql) => `psql -c "${sql}"`,
  run: (sql, environment) => start(["-c", sql], environment).done,
  start: (sql, environment) => start(["-c", sql], environment),
  typedRepeated: (sql, seconds) => `echo '${sql} \\watch ${seconds}' | psql -At`,
  startRepeated: (sql, seconds, environment) =>
    start(["-At"], environment, `${sql} \\watch ${seconds}\n`),
};

function start(args: readonly string[], environment: ClientEnvironment, input = ""): RunningClient {
  const running = startPsql(args, { env: { ...environment } });
  running.stdin.end(input);
  return {
    get text() {
      return textOf(running);
    },
    done: running.done.then((result): Answer => ({ text: textOf(result), ok: result.code === 0 })),
    close: () => running.kill("SIGINT"),
  };
}

/** Rows come after the notices of their statement, errors after the rows before them. */
function textOf({ stdout, stderr }: Pick<RunningPsql, "stdout" | "stderr">): string {
  const notices = stderr.search(/^(ERROR|FATAL|psql):/m);
  const before = notices < 0 ? stderr : stderr.slice(0, notices);
  return before + stdout + stderr.slice(before.length);
}
