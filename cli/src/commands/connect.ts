import { readFileSync } from "node:fs";
import { Name } from "@sallyport/contracts";
import { InvalidArgumentError, Option, type Command } from "commander";
import { serviceUrl, trust } from "../ask-service.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { freshCredential, type Credential } from "../connect/credential.ts";
import { gatewayOf } from "../connect/gateway.ts";
import { keepFresh } from "../connect/keep-fresh.ts";
import { Passfile } from "../connect/passfile.ts";
import {
  environmentOf,
  inArgument,
  inVariable,
  misleading,
  placeholderNames,
  type Destination,
} from "../connect/placeholders.ts";
import { runClient } from "../connect/run-client.ts";
import { tokenSource, withTokenOptions } from "../connect/token-source.ts";

interface ConnectOptions {
  readonly gateway?: string;
  readonly ca?: string;
  readonly tls: boolean;
  readonly user?: string;
  readonly handle?: boolean;
  readonly url?: string;
  readonly env: readonly (readonly [string, string])[];
}

export function registerConnect(program: Command): void {
  const command = program
    .command("connect")
    .description("run any client with a fresh token")
    .argument("<connection>", "the connection's name", connectionName)
    .argument("[client...]", "the client and its arguments, behind --", ["psql"]);
  withTokenOptions(withCommonOptions(command))
    .addOption(
      new Option(
        "--gateway <host:port>",
        "where the gateway is (default: what the config says)",
      ).env("SALLY_GATEWAY"),
    )
    .addOption(
      new Option(
        "--ca <file>",
        "PEM file of the authority that signed the gateway's certificate",
      ).env("SALLY_CA"),
    )
    .option("--no-tls", "the gateway is on this machine and speaks no TLS")
    .option("--user <label>", "the user's name, a label (default: the token's subject)")
    .option("--handle", "log in with a short handle instead of the token, for clients that cut it")
    .addOption(new Option("--url <url>", "authn's address, for --handle").env("SALLY_AUTHN"))
    .option(
      "--env <name=text>",
      "a further variable for the client; may be given several times",
      variables,
      [],
    )
    .addHelpText(
      "after",
      `
The client finds the gateway in PGHOST, PGPORT, PGDATABASE, PGUSER and PGSSLMODE, and the token in a password file of
mode 0600 (PGPASSFILE), which is written anew before the token ends: who reconnects logs in with a fresh one. For
clients that read none of these, its arguments and --env take ${placeholderNames.map((name) => `{${name}}`).join(" ")};
{password} stands in --env only. Exit code and signals are the client's.

Examples:
  $ sally connect orders --token-command 'my-idp token --audience sallyport' -- psql -c 'SELECT 1'
  $ sally connect orders --token-file /var/run/secrets/tokens/sallyport -- pg_dump -Fc -f orders.dump
  $ sally connect orders -- java -jar report.jar '{jdbc}'
  $ sally connect orders --env 'DATABASE_URL=postgresql://{user}:{password}@{host}:{port}/{database}' -- ./job`,
    )
    .action(async (connection: string, client: string[], options: ConnectOptions) => {
      process.exitCode = await connect(command, connection, client, options);
    });
}

async function connect(
  command: Command,
  connection: string,
  [program = "psql", ...args]: readonly string[],
  options: ConnectOptions,
): Promise<number> {
  const context = contextOf(command);
  const source = tokenSource(command);
  const gateway = gatewayOf(context, options.gateway, options.ca, !options.tls);
  await using passfile = await Passfile.make();
  const to = (user: string): Destination => ({
    ...gateway,
    database: connection,
    user,
    passfile: passfile.path,
  });
  for (const arg of [program, ...args]) inArgument(arg, to(""));
  if (options.handle === true && gateway.ca !== null) trust(readFileSync(gateway.ca, "utf8"));
  const handles = options.handle === true ? (options.url ?? serviceUrl(context, "authn")) : null;
  const fetch = (): Promise<Credential> => freshCredential(source, handles);
  const use = ({ password }: Credential): Promise<void> =>
    passfile.write(gateway.host, gateway.port, password);
  const first = await fetch();
  await use(first);
  const destination = to(options.user ?? first.label);
  const stop =
    source.kind === "environment"
      ? () => undefined
      : keepFresh({
          first,
          fetch,
          use,
          complain: (message) =>
            process.stderr.write(`sally: the next token could not be had: ${message}\n`),
        });
  try {
    return await runClient(
      inArgument(program, destination),
      args.map((arg) => inArgument(arg, destination)),
      {
        ...Object.fromEntries(
          Object.entries(process.env).filter(([name]) => !misleading.some((one) => one === name)),
        ),
        ...environmentOf(destination),
        ...Object.fromEntries(
          options.env.map(([name, text]) => [name, inVariable(text, destination, first.password)]),
        ),
      },
    );
  } finally {
    stop();
  }
}

function connectionName(text: string): string {
  if (!Name.safeParse(text).success)
    throw new InvalidArgumentError("a connection is named such as `orders`.");
  return text;
}

function variables(
  text: string,
  before: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError("it takes NAME=TEXT.");
  return [...before, [name, value]];
}
