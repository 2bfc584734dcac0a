import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Milliseconds; short, so that a process that has used its part up does not stand still for long. */
const period = 10;

interface Hierarchy {
  readonly root: string;
  readonly limit: (directory: string, part: number) => void;
  /** Before whatever else the machine does. */
  readonly prefer: (directory: string) => void;
}

const microseconds = (part: number): number => Math.round(part * period * 1000);
const hierarchies: readonly Hierarchy[] = [
  {
    root: "/sys/fs/cgroup/cpu",
    limit: (directory, part) => {
      writeFileSync(join(directory, "cpu.cfs_period_us"), String(period * 1000));
      writeFileSync(join(directory, "cpu.cfs_quota_us"), String(microseconds(part)));
    },
    prefer: (directory) => writeFileSync(join(directory, "cpu.shares"), "262144"),
  },
  {
    root: "/sys/fs/cgroup",
    limit: (directory, part) =>
      writeFileSync(join(directory, "cpu.max"), `${microseconds(part)} ${period * 1000}`),
    prefer: (directory) => writeFileSync(join(directory, "cpu.weight"), "10000"),
  },
];

/** Why this machine gives no process a part of a core; null when it does. Linux, as root. */
export function noBudget(): string | null {
  try {
    new CpuBudget("try", 0.5)[Symbol.dispose]();
    execFileSync("taskset", ["--version"]);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * A control group whose processes together get a part of one core, before other work of the machine: a core that is
 * slower, and theirs alone. Without a part it is what the machine has.
 */
export class CpuBudget implements Disposable {
  readonly #directory: string;
  readonly #root: string;

  constructor(name: string, part: number | null) {
    const found = hierarchies.find(({ root }) => existsSync(join(root, "cgroup.procs")));
    if (!found) throw new Error("this machine has no control groups");
    this.#root = found.root;
    this.#directory = join(found.root, `sallyport-bench-${process.pid}-${name}`);
    mkdirSync(this.#directory);
    try {
      found.prefer(this.#directory);
      if (part !== null) found.limit(this.#directory, part);
    } catch (error) {
      rmdirSync(this.#directory);
      throw error;
    }
  }

  /** Puts a process and all its threads under the limit, and on one core if that is named. */
  take(pid: number, core?: number): void {
    if (core !== undefined) execFileSync("taskset", ["-a", "-p", "-c", String(core), String(pid)]);
    writeFileSync(join(this.#directory, "cgroup.procs"), String(pid));
  }

  [Symbol.dispose](): void {
    // What was taken, and what it has started since.
    const inside = readFileSync(join(this.#directory, "cgroup.procs"), "utf8");
    for (const pid of inside.split("\n").filter(Boolean)) {
      try {
        writeFileSync(join(this.#root, "cgroup.procs"), pid);
      } catch (error) {
        if (existsSync(`/proc/${pid}`)) throw error;
      }
    }
    rmdirSync(this.#directory);
  }
}
