import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import { CliError } from "../cli-error.ts";
import { withCommonOptions } from "../context.ts";
import { propose, type Proposal } from "../init/proposal.ts";
import { readTarget } from "../init/read-target.ts";
import { targetAddress } from "../init/target-address.ts";
import { passwordOf, roleOf, writtenFiles, type Plan } from "../init/written-files.ts";
import { say, sayJson, table } from "../output.ts";
import { visible } from "../terminal-text.ts";

interface Options {
  readonly config: string;
  readonly json?: boolean;
  readonly connection?: string;
  readonly issuer: string;
  readonly audience: string;
  readonly group: string;
  readonly rows: number;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export function registerInit(program: Command): void {
  withCommonOptions(program.command("init"))
    .description(
      "read a database and write a first sallyport.yaml, policies with tests, and grants",
    )
    .argument(
      "[target]",
      "postgres://USER@HOST:PORT/DATABASE?sslmode=…; what is left out comes from PGHOST and its like",
    )
    .option("--connection <name>", "what the target is called here (default: the database's name)")
    .option("--issuer <url>", "who signs the tokens", "https://idp.example.com")
    .option("--audience <name>", "whom the tokens are meant for", "sallyport")
    .option("--group <name>", "who may read", "corp/developers")
    .option(
      "--rows <n>",
      "how many rows of each table are looked into; 0 looks at names only",
      count,
      200,
    )
    .option("--dry-run", "print what would be written")
    .option("--force", "overwrite what is there")
    .addHelpText(
      "after",
      `
Proposes which columns to classify, by their names and by what is found in some rows: cards, e-mail addresses, accounts,
phone numbers, national ids, secrets, in json too. It logs in as you (PGPASSWORD, ~/.pgpass), reads in a read-only
transaction with short timeouts, and calls no function that people made: views, foreign and partitioned tables and those
with row-security policies are judged by names alone. No value is printed or written.

Examples:
  $ sally init postgres://me@db.internal/orders --dry-run
  $ PGHOST=127.0.0.1 PGDATABASE=shop sally init --issuer https://idp.example.com --group corp/ci`,
    )
    .action(async (target: string | undefined, _options, command: Command) => {
      await init(target, command.optsWithGlobals<Options>());
    });
}

function count(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("it takes a number from 0 to 99999.");
  return Number(text);
}

async function init(target: string | undefined, options: Options): Promise<void> {
  if (!/^corp\/.+$/.test(options.group))
    throw new CliError(`\`${options.group}\` is no group of the issuer \`corp\``, {
      exitCode: 2,
      hint: "write corp/NAME",
    });
  const address = targetAddress(target, process.env);
  const connection = options.connection ?? connectionName(address.database);
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(connection))
    throw new CliError(`\`${connection}\` is no connection's name`, {
      exitCode: 2,
      hint: "it takes lower-case letters, digits and hyphens",
    });
  const directory = dirname(resolve(options.config));
  const place = (path: string): string =>
    path === "sallyport.yaml" ? resolve(options.config) : join(directory, path);
  const { issuer, audience, group } = options;
  const plan = (parts: Pick<Plan, "proposals" | "columns">): Plan => ({
    connection,
    address,
    issuer,
    audience,
    group,
    ...parts,
  });
  const there = [...writtenFiles(plan({ proposals: [], columns: [] })).keys()]
    .map(place)
    .filter((path) => existsSync(path));
  if (there.length > 0 && !options.force && !options.dryRun)
    throw new CliError(`there is something already: ${there.join(", ")}`, {
      hint: "--force overwrites it, --dry-run only prints",
    });

  const seen = await readTarget(address, options.rows);
  const proposals = propose(seen.columns);
  const files = writtenFiles(plan({ proposals, columns: seen.columns }));
  if (!options.dryRun)
    for (const [path, text] of files) {
      mkdirSync(dirname(place(path)), { recursive: true });
      writeFileSync(place(path), text);
    }
  if (options.json) {
    for (const one of proposals) sayJson({ type: "column", ...one });
    for (const one of seen.passedOver) sayJson({ type: "passed-over", ...one });
    for (const [path, text] of files)
      sayJson({
        type: "file",
        path: place(path),
        written: !options.dryRun,
        ...(options.dryRun && { text }),
      });
    return;
  }
  sayProposals(proposals, seen.columns.length);
  for (const { table: name, why } of seen.passedOver)
    say(`  not looked into: ${visible(name)}: ${why}`);
  if (options.dryRun) {
    for (const [path, text] of files) say(`\n--- ${path}\n${text}`);
    return;
  }
  say();
  for (const path of files.keys()) say(`  wrote ${place(path)}`);
  const shown = plan({ proposals, columns: seen.columns });
  say(`
Next:
  1. look through \`columns\` in ${options.config}, and set the issuer
  2. psql -h ${address.host} -p ${address.port} -d ${address.database} -f ${connection}-grants.sql -c '\\password ${roleOf(shown)}'
  3. export ${passwordOf(shown)}=…
  4. sally policy check && sally up`);
}

const connectionName = (database: string): string =>
  database
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 63);

function sayProposals(proposals: readonly Proposal[], columns: number): void {
  say(
    `${proposals.length} of ${columns} columns look as if they should be classified${proposals.length === 0 ? "" : ":"}`,
  );
  if (proposals.length === 0) return;
  say(
    table(
      ["COLUMN", "TAGS", "MASK", "SURE", "BECAUSE OF"],
      proposals.map(({ column, tags, masker, confidence, reason }) => [
        visible(column),
        tags.join(", "),
        masker,
        `${Math.round(100 * confidence)} %`,
        reason,
      ]),
    ),
  );
}
