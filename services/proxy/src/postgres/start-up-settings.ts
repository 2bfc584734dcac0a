import type { Operation } from "@sallyport/contracts";
import { SallyError } from "@sallyport/runtime";

/** Settings that change nothing but how a session presents its results, or when it gives up (design §5). */
const harmless = new Set([
  "application_name",
  "client_min_messages",
  "datestyle",
  "intervalstyle",
  "timezone",
  "extra_float_digits",
  "bytea_output",
  "statement_timeout",
  "lock_timeout",
  "transaction_timeout",
  "idle_in_transaction_session_timeout",
  "idle_session_timeout",
  "search_path",
  "default_transaction_isolation",
  "default_transaction_read_only",
  "default_transaction_deferrable",
]);

/** What the parser assumes; another value is refused by name. */
const fixed = new Map([
  ["standard_conforming_strings", "on"],
  ["backslash_quote", "safe_encoding"],
]);

/** Start-up parameters as they are handed on, and what they ask. */
export interface StartUpSettings {
  readonly parameters: ReadonlyMap<string, string>;
  readonly operations: readonly Operation[];
}

/**
 * Judges a client's start-up parameters as SET would be (design §6). `client_encoding` is always UTF8.
 * @throws SallyError `setting-forbidden`, `not-implemented` (replication), `protocol-violation`
 */
export function startUpSettings(
  asked: ReadonlyMap<string, string>,
  connection: string,
): StartUpSettings {
  const parameters = new Map<string, string>();
  const operations: Operation[] = [];
  const resource = { type: "Connection", id: connection } as const;
  for (const [name, value] of settingsOf(asked)) {
    const key = name.toLowerCase();
    if (key === "client_encoding") continue;
    if (key === "replication") {
      if (/^(false|off|no|0)$/i.test(value)) continue;
      throw new SallyError("not-implemented", { params: { what: "replication" } });
    }
    const must = fixed.get(key);
    if (must !== undefined) {
      if (value.toLowerCase() === must) continue;
      throw new SallyError("setting-forbidden", { params: { name: key } });
    }
    if (key === "role" || key === "session_authorization")
      operations.push({
        action: "impersonate",
        resource,
        detail: `${key} = ${value}`.slice(0, 512),
      });
    else if (!harmless.has(key))
      operations.push({ action: "set", resource, detail: `${key} = ${value}`.slice(0, 512) });
    parameters.set(name, value);
  }
  parameters.set("client_encoding", "UTF8");
  // Above what ALTER ROLE, ALTER DATABASE and the server's configuration say, now and later.
  parameters.set("standard_conforming_strings", "on");
  return { parameters, operations };
}

/** Own parameters and those within `options`, which have PostgreSQL's command-line form. */
function* settingsOf(asked: ReadonlyMap<string, string>): Generator<readonly [string, string]> {
  const options = asked.get("options");
  if (options !== undefined) yield* fromOptions(options);
  for (const [name, value] of asked)
    if (name !== "user" && name !== "database" && name !== "options") yield [name, value];
}

/** `-c name=value` and `--name=value`, a backslash before a blank that belongs to a word (pg_split_opts). */
function* fromOptions(text: string): Generator<readonly [string, string]> {
  const words = (text.match(/(?:\\.|[^\s\\])+/gs) ?? []).map((word) =>
    word.replaceAll(/\\(.)/gs, "$1"),
  );
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const setting = word.startsWith("--")
      ? word.slice(2)
      : word === "-c"
        ? (words[(index += 1)] ?? "")
        : word.startsWith("-c")
          ? word.slice(2)
          : "";
    const equals = setting.indexOf("=");
    if (equals < 1) throw new SallyError("setting-forbidden", { params: { name: word } });
    yield [setting.slice(0, equals).replaceAll("-", "_"), setting.slice(equals + 1)];
  }
}
