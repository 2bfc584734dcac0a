import { explain, type Decision } from "@sallyport/cedar";
import type { Operation, Principal } from "@sallyport/contracts";
import { didYouMean } from "@sallyport/runtime";
import { InvalidArgumentError, Option, type Command } from "commander";
import { askedPrincipal } from "../asked-principal.ts";
import { readBundle } from "../bundle.ts";
import { CliError } from "../cli-error.ts";
import { contextOf, withCommonOptions, type CliContext } from "../context.ts";
import { paint, say, sayJson } from "../output.ts";
import { readCommand } from "../read-command.ts";
import { seeTarget } from "../target.ts";

interface ExplainOptions {
  readonly principal: string;
  readonly group: readonly string[];
  readonly kind: Principal["kind"];
  readonly claim: Principal["claims"];
  readonly connection: string;
  readonly sql?: string;
  readonly address: string;
}

export function registerExplain(policy: Command): void {
  withCommonOptions(policy.command("explain"))
    .description("what the policies say to a command, and why")
    .requiredOption("--principal <id>", "who asks, as corp#ci-runner")
    .option("--group <group>", "a group it is in, as corp/ci; may be repeated", collect, [])
    .addOption(
      new Option("--kind <kind>", "what it is").choices(["workload", "person"]).default("workload"),
    )
    .option("--claim <name=value>", "a claim of its token; may be repeated", collectClaim, {})
    .requiredOption("--connection <name>", "where")
    .option("--sql <text>", "the statement; without it, the opening of a session")
    .option("--address <ip>", "where it comes from", "127.0.0.1")
    .addHelpText(
      "after",
      `
Judges with the policies as they lie on disk. A statement is read with the catalog of the connection's target, as a
worker reads it, so the target must be reachable. Nothing is run. Exit code 0 for a pass (holds and masks too), 1 for
a deny.

Examples:
  $ sally policy explain --principal corp#ci-runner --group corp/ci --connection orders
  $ sally policy explain --principal corp#ci-runner --group corp/ci --connection orders \\
      --sql "SELECT email FROM customers WHERE id = 7"`,
    )
    .action(async (options: ExplainOptions, command: Command) => {
      const context = contextOf(command);
      const { engine } = readBundle(context.config(), Date.now());
      const asked = await operationsAsked(context, options);
      if (asked.kind === "refused") {
        if (context.json) sayJson({ decision: "refused", ...asked });
        else
          say(
            `${paint("red", "REFUSED")} before any policy is asked: ${asked.message} (${asked.sqlstate})`,
          );
        process.exitCode = 1;
        return;
      }
      const decision = engine.judge(
        {
          principal: askedPrincipal(options.principal, {
            groups: options.group,
            kind: options.kind,
            claims: options.claim,
          }),
          connection: options.connection,
          address: options.address,
          kind: options.sql === undefined ? "connect" : "simple",
          operations: [...asked.operations],
        },
        Date.now(),
      );
      if (context.json) sayJson(shown(decision));
      else {
        for (const line of explain(decision, engine)) say(line);
        if (asked.opaque !== null) say(paint("dim", `the statement is opaque: ${asked.opaque}`));
      }
      if (decision.decision === "deny") process.exitCode = 1;
    });
}

async function operationsAsked(
  context: CliContext,
  { connection: name, sql }: ExplainOptions,
): Promise<
  | { kind: "operations"; operations: readonly Operation[]; opaque: string | null }
  | { kind: "refused"; sqlstate: string; message: string }
> {
  const loaded = context.config();
  const connection = loaded.config.connections[name];
  if (!connection) {
    const names = Object.keys(loaded.config.connections);
    const meant = didYouMean(name, names);
    throw new CliError(`there is no connection \`${name}\``, {
      hint: meant === undefined ? `there are ${names.join(", ")}` : `did you mean \`${meant}\`?`,
    });
  }
  if (sql === undefined)
    return {
      kind: "operations",
      operations: [{ action: "connect", resource: { type: "Connection", id: name } }],
      opaque: null,
    };
  try {
    return await readCommand(name, connection, await seeTarget(connection, loaded), sql);
  } catch (cause) {
    throw new CliError(
      `the target of \`${name}\` cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { hint: "`sally doctor` tells more", cause },
    );
  }
}

const shown = ({
  decision,
  reasons,
  masks,
  holds,
  policies,
  shadow,
  answers,
}: Decision): object => ({
  decision,
  reasons,
  masks,
  holds,
  policies,
  shadow,
  operations: answers.map(({ operation, allowed, opaque }) => ({ ...operation, allowed, opaque })),
});

const collect = (value: string, previous: readonly string[]): string[] => [...previous, value];

function collectClaim(value: string, previous: Principal["claims"]): Principal["claims"] {
  const equals = value.indexOf("=");
  if (equals <= 0) throw new InvalidArgumentError("it takes NAME=VALUE.");
  return { ...previous, [value.slice(0, equals)]: value.slice(equals + 1) };
}
