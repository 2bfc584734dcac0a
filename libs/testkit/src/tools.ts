import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Where `infra/bootstrap.sh` keeps what it brought. */
export const toolsDirectory = join(root, ".tools");

/** The nats-server to start: `SALLY_NATS_SERVER`, else the one that bootstrap provides, else the one on PATH. */
export function natsServerBinary(): string {
  const provided = join(toolsDirectory, "nats-server", "nats-server");
  return process.env["SALLY_NATS_SERVER"] ?? (existsSync(provided) ? provided : "nats-server");
}

/**
 * The folder with `bin/postgres` and `bin/initdb` of one major version, and its exact version. Majors but 18 are
 * downloaded at the first call.
 */
export function providedPostgres(major: number): { directory: string; version: string } {
  const directory = join(toolsDirectory, `postgres-${major}`);
  if (!existsSync(join(directory, "bin", "postgres"))) bootstrap(`postgres-${major}`);
  return { directory, version: readFileSync(join(directory, ".contents"), "utf8").trim() };
}

/** The SeaweedFS to start: `SALLY_WEED`, else the one that bootstrap provides, which it downloads at the first call. */
export function seaweedBinary(): string {
  const named = process.env["SALLY_WEED"];
  if (named !== undefined) return named;
  bootstrap("seaweedfs");
  return join(toolsDirectory, "seaweedfs", "weed");
}

function bootstrap(extra: string): void {
  const script = join(root, "infra", "bootstrap.sh");
  execFileSync("sh", [script, extra], { stdio: ["ignore", "ignore", "pipe"] });
}
