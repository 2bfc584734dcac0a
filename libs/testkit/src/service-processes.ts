import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

export interface ServiceProcess {
  readonly pid: number;
  readonly service: string;
  /** Of a worker. */
  readonly name: string | null;
}

/** The processes that `sally up` runs from a data directory, as their command lines show them. */
export function serviceProcesses(data: string): ServiceProcess[] {
  const found: ServiceProcess[] = [];
  for (const { pid, args } of processes()) {
    const service = args
      .map((arg) => /services\/([a-z]+)\/src\/main\.ts$/.exec(arg)?.[1])
      .find(Boolean);
    if (service === undefined || args[args.indexOf("--data") + 1] !== data) continue;
    const at = args.indexOf("--name");
    found.push({ pid, service, name: at < 0 ? null : (args[at + 1] ?? null) });
  }
  return found;
}

function processes(): { pid: number; args: string[] }[] {
  if (existsSync("/proc/self/cmdline")) {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          const args = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
          return [{ pid: Number(name), args }];
        } catch {
          return []; // it has ended meanwhile
        }
      });
  }
  const listed = execFileSync("ps", ["-A", "-o", "pid=,args="], { encoding: "utf8" });
  return listed.split("\n").flatMap((line) => {
    const match = /^\s*(\d+) (.*)$/.exec(line);
    return match ? [{ pid: Number(match[1]), args: (match[2] ?? "").split(" ") }] : [];
  });
}
