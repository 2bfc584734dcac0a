import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { toolsDirectory } from "@sallyport/testkit";

/** Whether this machine can have Debian's source package: else what needs it says so and is skipped. */
export const hasSuites = (): boolean =>
  existsSync(join(toolsDirectory, "postgres-suites", ".contents")) ||
  existsSync("/usr/bin/apt-get");

/** The folder that `build.sh` fills at the first call: regress, plpgsql, isolation, libpq_pipeline. */
export function suitesDirectory(what: "files" | "all"): string {
  const script = fileURLToPath(new URL("build.sh", import.meta.url));
  execFileSync("sh", [script, what], { stdio: ["ignore", "ignore", "pipe"] });
  return join(toolsDirectory, "postgres-suites");
}

/** The version of the source package. */
export const suitesVersion = (directory: string): string =>
  readFileSync(join(directory, ".contents"), "utf8").trim();
