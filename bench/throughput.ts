import { setTimeout as delay } from "node:timers/promises";
import type { Door } from "./door.ts";
import { pgbench, type PgbenchOptions } from "./pgbench.ts";
import { interleaved, median, medianRatio } from "./rounds.ts";
import { cpuSeconds, familyCpuSeconds } from "./usage.ts";

export interface Throughput {
  readonly protocol: PgbenchOptions["protocol"];
  readonly clients: number;
  readonly doors: readonly {
    readonly door: string;
    readonly perSecond: number;
    /** Medians over rounds. */
    readonly ofDirect: number;
    readonly ofBase: number | null;
    readonly latencyMs: number;
    /** CPU seconds for 100,000 commands, by process; `postgres` is the target with its backends. */
    readonly cpu: Readonly<Record<string, number>>;
  }[];
}

export interface ThroughputOptions extends PgbenchOptions {
  readonly rounds: number;
  /** Against whom besides `direct`. */
  readonly base: Door | undefined;
  readonly direct: Door;
  readonly targetPid: () => number;
}

/** One row of the table: all doors, round by round. */
export async function throughput(
  doors: readonly Door[],
  { rounds, base, direct, targetPid, ...options }: ThroughputOptions,
): Promise<Throughput> {
  const measured = await interleaved(doors, rounds, async (door) => {
    const processes = [...door.processes()];
    const read = (): number[] => [
      ...processes.map(({ pid }) => cpuSeconds(pid)),
      familyCpuSeconds(targetPid()),
    ];
    const before = read();
    const result = await pgbench(await door.env(), options);
    await delay(200); // the backends of this round end, and their time is the target's
    const after = read();
    const cpu = new Map<string, number>();
    for (const [index, { name }] of [...processes, { name: "postgres" }].entries()) {
      const used = (after[index] ?? 0) - (before[index] ?? 0);
      cpu.set(name, (cpu.get(name) ?? 0) + (used * 100_000) / result.transactions);
    }
    return { ...result, cpu };
  });
  const speeds = (door: Door | undefined): number[] =>
    (door && measured.get(door)?.map(({ perSecond }) => perSecond)) ?? [];
  return {
    protocol: options.protocol,
    clients: options.clients,
    doors: [...measured].map(([door, results]) => ({
      door: door.name,
      perSecond: median(speeds(door)),
      ofDirect: medianRatio(speeds(door), speeds(direct)),
      ofBase: base === undefined ? null : medianRatio(speeds(door), speeds(base)),
      latencyMs: median(results.map(({ latencyMs }) => latencyMs)),
      cpu: Object.fromEntries(
        [...new Set(results.flatMap(({ cpu }) => [...cpu.keys()]))].map((name) => [
          name,
          median(results.map(({ cpu }) => cpu.get(name) ?? 0)),
        ]),
      ),
    })),
  };
}
