import { readdirSync, readFileSync } from "node:fs";

const patience = 30_000;

/**
 * Stops a process without ending it, and returns when every thread of it stands still: a signal is only on
 * its way when `kill` returns. Where there is no /proc it is sent, and that is all.
 */
export function freezeProcess(pid: number): void {
  process.kill(pid, "SIGSTOP");
  const late = performance.now() + patience;
  while (!standsStill(pid)) {
    if (performance.now() > late) throw new Error(`process ${pid} does not stop`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

function standsStill(pid: number): boolean {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return true;
  }
  return threads.every((thread) => {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
      return /^[TtZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
    } catch {
      return true; // the thread has ended meanwhile
    }
  });
}
