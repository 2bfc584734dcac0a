import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../cli-error.ts";

/** Takes a data directory for this process; that of a dead one is taken over. Returns what gives it back. */
export function lockDataDirectory(data: string): () => void {
  const file = join(data, "up.pid");
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, `${process.pid}\n`, { flag: "wx", mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 2) throw error;
    }
    const owner = Number(readFileSync(file, "utf8"));
    if (isSally(owner))
      throw new CliError(`\`sally up\` runs already from \`${data}\` (pid ${owner})`, {
        hint: "end it, or name another folder with --data DIR",
      });
    rmSync(file, { force: true });
  }
}

function isSally(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    // A pid may belong to another program by now; where there is no /proc, it counts as ours.
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes("up");
  } catch {
    return true;
  }
}
