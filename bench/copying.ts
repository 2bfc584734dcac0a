import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Door } from "./door.ts";

/** Bytes a second of a COPY to standard output, as psql receives it. @throws when it failed */
export async function copyOut(door: Door, connection?: string): Promise<number> {
  const env = { ...process.env, ...(await door.env(connection)) };
  const began = performance.now();
  const child = spawn("psql", ["-X", "-q", "-c", "COPY bulk TO STDOUT"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`COPY through ${door.name} failed`);
  return bytes / ((performance.now() - began) / 1000);
}
