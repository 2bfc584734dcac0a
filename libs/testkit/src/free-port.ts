import { randomInt } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A TCP port of 127.0.0.1 that nobody listens on, and that no other process is given by this function while this one
 * runs: whoever gets it may bind it later. It lies above those that `sally up` looks for by itself, and below the range
 * from which systems take ports for outgoing connections, so that a server which is down for a moment finds its port
 * free again.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(20_000, 32_000);
    if (!reserve(port)) continue;
    if (await isFree(port)) return port;
  }
  throw new Error("found no free port in 200 attempts");
}

const folder = join(tmpdir(), `sallyport-ports-${process.getuid?.() ?? 0}`);
const reserved: string[] = [];

/** By a file named after it, with the pid of whom it was given to. False when that one still runs. */
function reserve(port: number): boolean {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, String(port));
  if (!create(file)) {
    if (isRunning(Number(readOrEmpty(file)))) return false;
    rmSync(file, { force: true });
    if (!create(file)) return false;
  }
  if (reserved.push(file) === 1)
    process.once("exit", () => {
      for (const one of reserved) rmSync(one, { force: true });
    });
  return true;
}

function create(file: string): boolean {
  try {
    const handle = openSync(file, "wx", 0o644);
    writeSync(handle, String(process.pid));
    closeSync(handle);
    return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return false;
    throw cause;
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function isRunning(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}
