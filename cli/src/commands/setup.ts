import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { applyBundle } from "../apply-bundle.ts";
import { readBundle } from "../bundle.ts";
import { CliError } from "../cli-error.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { say, sayJson } from "../output.ts";
import { connectAs, requireDurability, setUp } from "../up/cluster-parts.ts";

export function registerSetup(program: Command): void {
  withCommonOptions(program.command("setup"))
    .description(
      "make a bus ready for the services that the config names: streams, buckets, bundle",
    )
    .addHelpText(
      "after",
      `
For a nats-server of your own (infra/nats/README.md), before the services start, and again at any time. It takes the
keys \`setup\` and \`operator\` in the config's \`nats.credentials\`, which no service needs. What is missing is made;
what differs from what it must be is said and stays as it is. \`sally up\` does the same where these keys lie.

Examples:
  $ sally setup
  $ sally setup --config prod/sallyport.yaml --json`,
    )
    .action(async (_options, command: Command) => {
      const context = contextOf(command);
      const loaded = context.config();
      const { bundle } = readBundle(loaded, Date.now());
      const { nats, durability } = loaded.config;
      if (!nats)
        throw new CliError("the config names no `nats`: `sally up` sets up its own nats-server");
      const credentials = loaded.resolve(nats.credentials);
      const missing = ["setup", "operator"].filter(
        (user) => !existsSync(join(credentials, `${user}.json`)),
      );
      if (missing.length > 0)
        throw new CliError(`\`${credentials}\` lacks the key of ${missing.join(" and ")}`, {
          hint: "infra/nats/ makes both; they may be removed from here afterwards",
        });
      await setUp(nats.servers, credentials, loaded, context.command);
      const bus = await connectAs("operator", nats.servers, credentials, context.command);
      try {
        await requireDurability(bus, durability, nats.monitoring);
        const { revision, changes } = await applyBundle(bus, bundle);
        if (context.json) sayJson({ ready: true, revision, changes });
        else {
          say("streams and buckets are as they must be");
          for (const change of changes) say(`  ${change}`);
          say(`${changes.length === 0 ? "nothing changed" : "applied"}: revision ${revision}`);
        }
      } finally {
        await bus.stop();
      }
    });
}
