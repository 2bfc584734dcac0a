import { readdirSync, readFileSync } from "node:fs";

/** The numbers of /proc/PID/stat from the fourth field on: its parent is the first. */
function fieldsOf(pid: number): number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat
    .slice(stat.lastIndexOf(")") + 4)
    .split(" ")
    .map(Number);
}

/** Linux counts in ticks of 10 ms. */
const seconds = (ticks: readonly number[]): number => ticks.reduce((a, b) => a + b, 0) / 100;

/** CPU seconds that a process has used. */
export const cpuSeconds = (pid: number): number => seconds(fieldsOf(pid).slice(10, 12));

/** A process and its children. */
export function familyOf(pid: number): number[] {
  const found = [pid];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (fieldsOf(Number(name))[0] === pid) found.push(Number(name));
    } catch {
      // it has ended meanwhile
    }
  }
  return found;
}

/** CPU seconds of a process and all its children, those that have ended too. */
export function familyCpuSeconds(pid: number): number {
  let sum = seconds(fieldsOf(pid).slice(10, 14));
  for (const child of familyOf(pid).slice(1)) {
    try {
      sum += cpuSeconds(child);
    } catch {
      // it has ended meanwhile
    }
  }
  return sum;
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

export const loadAverage = (): number =>
  Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]);
