import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface ServiceProcess {
  readonly pid: number;
  /** `authn`, `policy`, … or `nats-server`. */
  readonly service: string;
  /** Of a worker. */
  readonly name: string | null;
}

/** The processes that `sally up` runs from a data directory, as their command lines show them. */
export function serviceProcesses(data: string): ServiceProcess[] {
  return processes().flatMap(({ pid, args }) => {
    if (args.includes(join(data, "nats", "nats.conf")))
      return [{ pid, service: "nats-server", name: null }];
    const service = args.flatMap(
      (arg) => /services\/([a-z]+)\/src\/main\.ts$/.exec(arg)?.[1] ?? [],
    )[0];
    if (service === undefined || valueOf(args, "--data") !== data) return [];
    return [{ pid, service, name: valueOf(args, "--name") ?? null }];
  });
}

function valueOf(args: readonly string[], option: string): string | undefined {
  const at = args.indexOf(option);
  return at < 0 ? undefined : args[at + 1];
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
