import { dataDirectory, readCluster } from "@sallyport/runtime";
import type { Command } from "commander";
import { readBundle } from "../bundle.ts";
import { CliError } from "../cli-error.ts";
import { contextOf, withCommonOptions, type CliContext } from "../context.ts";
import { busChecks } from "../doctor/bus-checks.ts";
import { archiveChecks } from "../doctor/archive-checks.ts";
import { checkText, fail, ok, reason, type Check } from "../doctor/check.ts";
import { certificateChecks } from "../doctor/certificate-checks.ts";
import { Clocks } from "../doctor/clocks.ts";
import { privateFileChecks } from "../doctor/file-checks.ts";
import { issuerChecks } from "../doctor/issuer-checks.ts";
import { serviceChecks } from "../doctor/service-checks.ts";
import { targetChecks } from "../doctor/target-checks.ts";
import { connectOperator } from "../operator.ts";
import { paint, say, sayJson } from "../output.ts";

export function registerDoctor(program: Command): void {
  withCommonOptions(program.command("doctor"))
    .description("look at everything that Sallyport needs, and say what to do about it")
    .addHelpText(
      "after",
      `
Looks at config, policies, issuers, the bus (streams, durability, permissions, buckets), the archive (conditional
create, Object Lock), the services (webhooks that fail, too), certificates, each target (log-in, version, and the
names that config and policies use there), and the clocks of all of these. Changes nothing, but for one small object
\`doctor/conditional-create\` in an archive on S3. Exit code 1 when a check fails; a warning is none.

Examples:
  $ sally doctor
  $ sally doctor --json | jq 'select(.state != "ok")'`,
    )
    .action(async (_options, command: Command) => {
      const context = contextOf(command);
      const counts = { ok: 0, warn: 0, fail: 0 };
      for await (const check of checks(context)) {
        counts[check.state]++;
        if (context.json) sayJson(check);
        else say(checkText(check));
      }
      if (!context.json) {
        const { ok: good, warn, fail: bad } = counts;
        const sum = `${good} ok, ${warn} to look at, ${bad} wrong`;
        say(`\n${bad > 0 ? paint("red", sum) : sum}`);
      }
      if (counts.fail > 0) process.exitCode = 1;
    });
}

async function* checks(context: CliContext): AsyncGenerator<Check> {
  const loaded = context.config();
  yield ok("config", `${context.file} is right`);
  const read = tryReadBundle(context);
  yield read.check;
  const clocks = new Clocks();
  yield* await issuerChecks(loaded, clocks);
  const cluster = readCluster(context.data);
  yield* await onTheBus(context, read.bundle?.bundle ?? null, cluster?.monitoring, clocks);
  yield* await archiveChecks(loaded);
  yield* await serviceChecks(cluster, clocks);
  const { keys, credentials, tls } = dataDirectory(context.data);
  const { config } = loaded;
  yield* privateFileChecks([
    config.keys ? loaded.resolve(config.keys.directory) : keys,
    config.nats ? loaded.resolve(config.nats.credentials) : credentials,
    tls,
  ]);
  yield* certificateChecks(loaded, context.data, Date.now());
  yield* await targetChecks(loaded, read.bundle?.engine ?? null, clocks);
  yield* clocks.checks();
}

function tryReadBundle(context: CliContext): {
  bundle: ReturnType<typeof readBundle> | null;
  check: Check;
} {
  try {
    const bundle = readBundle(context.config(), Date.now());
    const { length } = bundle.engine.policies;
    return { bundle, check: ok("policies", `${length} load, the baseline's among them`) };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return {
      bundle: null,
      check: fail("policies", error.message, "`sally policy check` tells more"),
    };
  }
}

async function onTheBus(
  context: CliContext,
  bundle: ReturnType<typeof readBundle>["bundle"] | null,
  monitoring: string | undefined,
  clocks: Clocks,
): Promise<Check[]> {
  const { config } = context.config();
  try {
    // What the bus refuses is what is looked for here, so its complaints are no log lines.
    const onBus = context.cluster();
    const bus = await connectOperator(onBus, context.command, "silent");
    try {
      return [
        ok("bus", `answers on ${onBus.servers.join(", ")}`),
        ...(await busChecks({
          bus,
          config,
          monitoring: monitoring ?? config.nats?.monitoring,
          bundle,
          clocks,
        })),
      ];
    } finally {
      await bus.stop();
    }
  } catch (error) {
    return [
      fail("bus", reason(error), "is `sally up` running, or the `nats` of the config right?"),
    ];
  }
}
