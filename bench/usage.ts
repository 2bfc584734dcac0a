import { readFileSync } from "node:fs";

/** CPU seconds that a process has used, and with `children` those of children that ended; Linux's clock ticks are 10 ms. */
export function cpuSeconds(pid: number, children = false): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
  return (user + system + (children ? childUser + childSystem : 0)) / 100;
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

export const loadAverage = (): number =>
  Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]);
