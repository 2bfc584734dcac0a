import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CliError } from "../cli-error.ts";

const provided = fileURLToPath(new URL("../../../.tools/nats-server/nats-server", import.meta.url));

/** `SALLY_NATS_SERVER`, else what bootstrap provided, else the one on PATH; 2.14 or later. */
export function natsServerBinary(): string {
  const binary =
    process.env["SALLY_NATS_SERVER"] ?? (existsSync(provided) ? provided : "nats-server");
  const asked = spawnSync(binary, ["-v"], { encoding: "utf8" });
  const version = /v(\d+)\.(\d+)\.\d+/.exec(asked.stdout ?? "");
  if (!version)
    throw new CliError(`no nats-server: \`${binary}\` does not run`, {
      hint: "run infra/bootstrap.sh, name one in SALLY_NATS_SERVER, or name a running one as `nats` in the config",
    });
  if (Number(version[1]) * 1000 + Number(version[2]) < 2014)
    throw new CliError(`\`${binary}\` is ${version[0]}, older than v2.14`, {
      hint: "run infra/bootstrap.sh, or name a newer one in SALLY_NATS_SERVER",
    });
  return binary;
}
