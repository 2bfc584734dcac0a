import type { Engine } from "@sallyport/cedar";
import { missingSecrets, type LoadedConfig } from "@sallyport/runtime";
import { lackingNames, lackingText } from "../target-names.ts";
import { seeTarget } from "../target.ts";
import { fail, ok, reason, warn, type Check } from "./check.ts";
import type { Clocks } from "./clocks.ts";

/** Logs in to every target as a worker does, and compares names with its catalog. `engine`: null when policies do not load. */
export async function targetChecks(
  loaded: LoadedConfig,
  engine: Engine | null,
  clocks: Clocks,
): Promise<Check[]> {
  const missing = missingSecrets(loaded.config, loaded.directory);
  const each = Object.entries(loaded.config.connections).map(async ([name, connection]) => {
    const about = `target ${name}`;
    const secret = missing.find((line) => line.startsWith(`connection \`${name}\``));
    if (secret !== undefined)
      return [warn(about, `not looked at: ${secret}`, "set it in this command's environment")];
    const { host, port } = connection.target;
    try {
      const seen = await seeTarget(connection, loaded);
      clocks.saw(about, seen.clock.time, seen.clock.asked, seen.clock.answered);
      const checks = [
        ok(
          about,
          `PostgreSQL ${seen.version} on ${host}:${port}, logged in as ${seen.user}${seen.tls ? " over TLS" : ""}`,
        ),
      ];
      if (seen.superuser)
        checks.push(
          warn(
            about,
            `\`${seen.user}\` is a superuser`,
            "give the gateway a role that may do no more than its clients",
          ),
        );
      if (engine)
        checks.push(
          ...lackingNames(name, connection, engine, seen.catalog).map((lacking) =>
            warn(
              about,
              lackingText(lacking),
              "a name that the target lacks can never be asked for",
            ),
          ),
        );
      return checks;
    } catch (error) {
      return [fail(about, `${host}:${port}: ${reason(error)}`, todoOf(error))];
    }
  });
  return (await Promise.all(each)).flat();
}

function todoOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : null;
  switch (code) {
    case "28P01":
    case "28000":
      return "compare `credentials` with the target's role and its pg_hba.conf";
    case "3D000":
      return "compare `target.database` with the databases of the server";
    case "ECONNREFUSED":
    case "ENOTFOUND":
    case "ETIMEDOUT":
      return "compare `target.host` and `target.port` with where the server listens";
    default:
      return "compare `target` and `credentials` of the connection with the server";
  }
}
