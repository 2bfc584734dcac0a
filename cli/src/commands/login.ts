import { readFileSync } from "node:fs";
import { Option, type Command } from "commander";
import { serviceUrl, trust } from "../ask-service.ts";
import { exchangeToken } from "../connect/exchange-token.ts";
import { tokenSource, withTokenOptions } from "../connect/token-source.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { say, sayJson } from "../output.ts";

export function registerLogin(program: Command): void {
  const command = program
    .command("login")
    .description("exchange a token for a short handle, for clients that cut long passwords");
  withTokenOptions(withCommonOptions(command))
    .addOption(
      new Option(
        "--url <url>",
        "authn's address (default: what the config and `sally up` say)",
      ).env("SALLY_AUTHN"),
    )
    .addOption(
      new Option("--ca <file>", "PEM file of the authority that signed authn's certificate").env(
        "SALLY_CA",
      ),
    )
    .addHelpText(
      "after",
      `
Prints the handle, 38 characters, to be used as the password. It ends when the token ends, after 24 hours at the
latest, and with its principal when that is revoked; it opens sessions and nothing else. It is as secret as the token.

Examples:
  $ sally login --token-command 'my-idp token --audience sallyport'
  $ PGPASSWORD=$(sally login --token-file token) legacy-tool
  $ sally login --url https://sallyport.example.com:6471 --json`,
    )
    .action(async (options: { url?: string; ca?: string }) => {
      const context = contextOf(command);
      const source = tokenSource(command);
      if (options.ca !== undefined) trust(readFileSync(options.ca, "utf8"));
      const url = options.url ?? serviceUrl(context, "authn");
      const issued = await exchangeToken(url, await source.fetch());
      if (context.json) return sayJson(issued);
      say(issued.handle);
      process.stderr.write(
        `sally: opens sessions for ${issued.principal} until ${new Date(issued.expires).toISOString()}\n`,
      );
    });
}
