import { readFile, writeFile } from "node:fs/promises";

/** Megabytes that a worker which has worked before may grow by, whatever passes through it. */
export const mostGrowth = 100;

/**
 * Megabytes by which a process's resident memory grows at most while `act` runs. The system keeps the highest: nothing
 * is missed between two looks.
 */
export async function growth(pid: number, act: () => Promise<unknown>): Promise<number> {
  // proc_pid_clear_refs(5): the peak is counted anew.
  await writeFile(`/proc/${pid}/clear_refs`, "5");
  const before = await kilobytes(pid, "VmRSS");
  await act();
  return ((await kilobytes(pid, "VmHWM")) - before) / 1024;
}

async function kilobytes(pid: number, field: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const [, value] = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
  if (value === undefined) throw new Error(`process ${pid} has no ${field}`);
  return Number(value);
}
