import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

export interface PgbenchOptions {
  readonly protocol: "simple" | "prepared";
  readonly clients: number;
  readonly seconds: number;
  /** A script of one's own instead of `-S`. */
  readonly script?: string;
  /** A new connection for each transaction. */
  readonly reconnect?: boolean;
}

export interface PgbenchResult {
  readonly transactions: number;
  readonly perSecond: number;
  readonly latencyMs: number;
}

/** Runs pgbench to its end. @throws when it failed, or a client of it did */
export async function pgbench(
  env: Record<string, string>,
  { protocol, clients, seconds, script, reconnect }: PgbenchOptions,
): Promise<PgbenchResult> {
  const args = ["-n", "-M", protocol, "-c", String(clients), "-j", "1", "-T", String(seconds)];
  args.push(...(script === undefined ? ["-S"] : ["-f", script]));
  if (reconnect) args.push("-C");
  const child = spawn("pgbench", args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  const transactions = Number(/actually processed: (\d+)/.exec(out)?.[1]);
  // Without a single transaction it names no rate.
  const perSecond = Number(/^tps = ([\d.]+)/m.exec(out)?.[1] ?? 0);
  const latencyMs = Number(/^latency average = ([\d.]+)/m.exec(out)?.[1]);
  if (code !== 0 || !Number.isFinite(transactions))
    throw new Error(`pgbench failed: ${errors.slice(-500)}`);
  return { transactions, perSecond, latencyMs };
}
