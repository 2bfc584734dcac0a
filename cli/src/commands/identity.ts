import { Bucket, BucketWatch, Requests, RevocationEntry, type Bus } from "@sallyport/bus";
import { buckets, Done, subjects, type Revocation, type Revoke } from "@sallyport/contracts";
import { didYouMean } from "@sallyport/runtime";
import type { Command } from "commander";
import { operatorName } from "../operator-name.ts";
import { CliError } from "../cli-error.ts";
import { contextOf, withCommonOptions, type CliContext } from "../context.ts";
import { asOperator } from "../operator.ts";
import { paint, say, sayJson, table } from "../output.ts";
import { recordAct } from "../record-act.ts";
import { within } from "../within.ts";

/** Milliseconds: authn writes the archive and the bucket before it answers. */
const patience = 10_000;

export function registerIdentity(program: Command): void {
  const identity = program
    .command("identity")
    .description("cut a principal off, let it in again, or see who is cut off")
    .addHelpText(
      "after",
      `
A revoked principal's live sessions end within 3 seconds on every worker, and it cannot log in until it is restored.

Examples:
  $ sally identity revoke corp#ci-runner --reason "leaked token"
  $ sally identity restore corp#ci-runner
  $ sally identity list`,
    );

  for (const type of ["revoke", "restore"] as const) {
    withCommonOptions(identity.command(`${type} <principal>`))
      .description(type === "revoke" ? "end its sessions and refuse it" : "let it in again")
      .option("--reason <text>", "goes into the record", "")
      .action(async (principal: string, options: { reason: string }, command: Command) => {
        const context = contextOf(command);
        requirePrincipal(principal, context);
        const message = await asOperator(context, (bus) =>
          order(bus, { v: 1, type, principal, by: operatorName(), reason: options.reason }),
        );
        if (context.json) sayJson({ principal, state: `${type}d`, message });
        else say(message === "" ? `${principal} is ${type}d` : message);
      });
  }

  withCommonOptions(identity.command("list"))
    .description("who is cut off, since when, by whom and why")
    .option("--all", "those restored too", false)
    .action(async (options: { all: boolean }, command: Command) => {
      const context = contextOf(command);
      const all = await asOperator(context, readRevocations);
      const shown = all.filter(({ state }) => options.all || state === "revoked");
      if (context.json) for (const revocation of shown) sayJson(revocation);
      else if (shown.length === 0) say("nobody is revoked");
      else
        say(
          table(
            ["PRINCIPAL", "STATE", "SINCE", "BY", "REASON"],
            shown.map(({ principal, state, at, by, reason }) => [
              principal,
              state === "revoked" ? paint("red", state) : state,
              new Date(at).toISOString(),
              by,
              reason,
            ]),
          ),
        );
    });
}

/** `corp#ci-runner`, of an issuer that the config names: a mistyped one would cut off nobody. */
function requirePrincipal(principal: string, context: CliContext): void {
  const issuer = /^([a-z][a-z0-9-]*)#.+$/s.exec(principal)?.[1];
  if (issuer === undefined)
    throw new CliError(`a principal is written \`corp#ci-runner\`, not \`${principal}\``, {
      exitCode: 2,
    });
  const issuers = Object.keys(context.config().config.identity.issuers);
  if (issuers.includes(issuer)) return;
  const meant = didYouMean(issuer, issuers);
  throw new CliError(`there is no issuer \`${issuer}\` in the config`, {
    hint: meant === undefined ? `there are ${issuers.join(", ")}` : `did you mean \`${meant}\`?`,
  });
}

async function order(bus: Bus, revoke: Revoke): Promise<string> {
  await recordAct(bus, revoke.type, `${revoke.principal}: ${revoke.reason}`);
  const requests = new Requests(bus);
  try {
    await bus.flush();
    const done = await requests.ask(subjects.revoke, revoke, Done, patience);
    if (!done.ok) throw new CliError(done.message);
    return done.message;
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError("authn did not answer: whether it was done is not known", {
      hint: "look with `sally identity list`, then do it again; doing it twice does no harm",
      cause,
    });
  } finally {
    requests.stop();
  }
}

/** The bucket's last word on each principal, by name. */
async function readRevocations(bus: Bus): Promise<Revocation[]> {
  const found = new Map<string, Revocation>();
  const bucket = new Bucket(bus, buckets.revocations, RevocationEntry);
  const watch = new BucketWatch(bus, bucket, (change) => {
    if (change.kind === "value" && change.value.type === "revocation")
      found.set(change.key, change.value);
  });
  try {
    await within(patience, watch.ready, () => new CliError("the bus does not tell who is revoked"));
  } finally {
    watch.stop();
  }
  return [...found.values()].toSorted((a, b) => a.principal.localeCompare(b.principal));
}
