import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Door } from "./door.ts";
import { residentBytes } from "./usage.ts";

export interface Copied {
  readonly bytesPerSecond: number;
  /** The most memory that the process the bytes pass through held meanwhile, sampled; 0 when there is none. */
  readonly residentBytes: number;
}

const sampleEvery = 100;

/** A COPY to standard output, as psql receives it. @throws when it failed */
export async function copyOut(door: Door, connection?: string): Promise<Copied> {
  const relay = door.processes().find(({ name }) => name !== "postgres" && !others.has(name));
  let resident = 0;
  const sampler = setInterval(() => {
    if (relay) resident = Math.max(resident, residentBytes(relay.pid));
  }, sampleEvery);
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
  clearInterval(sampler);
  if (code !== 0) throw new Error(`COPY through ${door.name} failed`);
  const seconds = (performance.now() - began) / 1000;
  return { bytesPerSecond: bytes / seconds, residentBytes: resident };
}

/** Of the gateway: rows pass its worker alone. */
const others = new Set(["nats-server", "authn", "policy", "approval", "recorder"]);
