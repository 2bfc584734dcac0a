import { AnswerRequest, HoldId, HoldState, type HoldView } from "@sallyport/contracts";
import { InvalidArgumentError, Option, type Command } from "commander";
import { ApprovalsClient } from "../approvals-client.ts";
import { serviceUrl } from "../ask-service.ts";
import { holdLines, outcomeText } from "../approvals/hold-text.ts";
import { CliError } from "../cli-error.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { say, sayJson } from "../output.ts";

const listedLines = 8;

export function registerApprovals(program: Command): void {
  const approvals = program
    .command("approvals")
    .description("see what waits for an approval, and answer it")
    .addHelpText(
      "after",
      `
These act in your name: give a token of your own in SALLY_TOKEN (--token shows it to other users of this machine).
Nobody answers their own request or one of a workload they own.

Examples:
  $ sally approvals list
  $ sally approvals show bq5v3x2k6n7m4p3r2s5t6u7vwx
  $ sally approvals approve bq5v3x2k6n7m4p3r2s5t6u7vwx --reason "ticket 4711"`,
    );

  withPersonOptions(approvals.command("list"))
    .description("what asks you, and what you and yours have asked")
    .addOption(
      new Option("--state <state>", "holds in this state")
        .choices([...HoldState.options, "all"])
        .default("open"),
    )
    .action(async ({ state }: { state: string }, command: Command) => {
      const holds = await clientOf(command).list(state);
      if (contextOf(command).json) holds.forEach(sayJson);
      else if (holds.length === 0) say(state === "open" ? "nothing waits for you" : "none");
      else say(holds.map((view) => blockOf(view, listedLines)).join("\n\n"));
    });

  withPersonOptions(approvals.command("show"))
    .description("one hold: who wants what, the whole statement, and whom it asks")
    .argument("<hold>", "the hold's id", holdId)
    .action(async (hold: string, _options: object, command: Command) => {
      const view = await clientOf(command).show(hold);
      if (contextOf(command).json) sayJson(view);
      else say(blockOf(view, Infinity));
    });

  for (const answer of ["approve", "deny"] as const) {
    withPersonOptions(approvals.command(answer))
      .description(answer === "approve" ? "let this very command pass, once" : "have it refused")
      .argument("<hold>", "the hold's id", holdId)
      .option("--reason <text>", "goes into the record", "")
      .action(async (hold: string, { reason }: { reason: string }, command: Command) => {
        const given = AnswerRequest.safeParse({ answer, reason });
        if (!given.success)
          throw new CliError("a reason has at most 2000 characters", { exitCode: 2 });
        const view = await clientOf(command).answer(hold, given.data);
        if (contextOf(command).json) sayJson(view);
        else say(outcomeText(view, answer));
      });
  }
}

const withPersonOptions = (command: Command): Command =>
  withCommonOptions(command)
    .addOption(new Option("--token <token>", "your token").env("SALLY_TOKEN"))
    .option("--url <url>", "approval's address (default: what the config and `sally up` say)");

function clientOf(command: Command): ApprovalsClient {
  const { token, url } = command.opts<{ token?: string; url?: string }>();
  if (token === undefined || token.trim() === "")
    throw new CliError("a token of your own is needed", {
      hint: "set SALLY_TOKEN to a token of your identity provider",
      exitCode: 2,
    });
  return new ApprovalsClient(url ?? serviceUrl(contextOf(command), "approval"), token.trim());
}

function holdId(text: string): string {
  if (!HoldId.safeParse(text).success)
    throw new InvalidArgumentError("a hold's id is 26 characters of a to z and 2 to 7.");
  return text;
}

const blockOf = (view: HoldView, lines: number): string =>
  holdLines(view, { now: Date.now(), lines }).join("\n");
