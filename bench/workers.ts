import { CpuBudget } from "./cpu-budget.ts";
import type { Gateway } from "./gateway.ts";
import { pgbench, type PgbenchOptions } from "./pgbench.ts";
import { interleaved, median, medianRatio } from "./rounds.ts";
import { cpuSeconds, familyCpuSeconds } from "./usage.ts";

export interface Workers {
  readonly workers: number;
  /** What each worker has of a core of its own. */
  readonly part: number;
  readonly perSecond: number;
  /** Median over rounds. */
  readonly ofOne: number;
  /** How much of what the workers had they used: near 1, they were what limited it. */
  readonly used: number;
  /** CPU seconds for 100,000 commands, by process, of all processes of that name together. */
  readonly cpu: Readonly<Record<string, number>>;
}

/**
 * One worker beside two, each on a core of its own that is so slow that everything else (clients, target, bus,
 * policy, recorder) fits beside them: a machine of two cores cannot give two workers two whole ones.
 */
export async function workers(
  gateways: readonly { readonly gateway: Gateway; readonly workers: number }[],
  options: PgbenchOptions & {
    readonly rounds: number;
    readonly part: number;
    readonly targetPid: () => number;
  },
): Promise<Workers[]> {
  const { rounds, part, targetPid } = options;
  using budgets = new DisposableStack();
  for (const { gateway } of gateways)
    for (const [core, { pid }] of gateway
      .processes()
      .filter(({ name }) => name === "proxy")
      .entries())
      budgets.use(new CpuBudget(`${pid}`, part)).take(pid, core);
  const measured = await interleaved(gateways, rounds, async ({ gateway, workers: count }) => {
    const processes = gateway.processes();
    const read = (): number[] => [
      ...processes.map(({ pid }) => cpuSeconds(pid)),
      familyCpuSeconds(targetPid()),
    ];
    const began = performance.now();
    const before = read();
    const result = await pgbench(await gateway.env(), options);
    const after = read();
    const took = (performance.now() - began) / 1000;
    const cpu = new Map<string, number>();
    for (const [index, { name }] of [...processes, { name: "postgres" }].entries())
      cpu.set(name, (cpu.get(name) ?? 0) + (after[index] ?? 0) - (before[index] ?? 0));
    return {
      perSecond: result.perSecond,
      used: (cpu.get("proxy") ?? 0) / (took * part * count),
      cpu: new Map([...cpu].map(([name, used]) => [name, (used * 100_000) / result.transactions])),
    };
  });
  const [first] = gateways;
  const one = (first && measured.get(first)?.map(({ perSecond }) => perSecond)) ?? [];
  return [...measured].map(([{ workers: count }, results]) => ({
    workers: count,
    part,
    perSecond: median(results.map(({ perSecond }) => perSecond)),
    ofOne: medianRatio(
      results.map(({ perSecond }) => perSecond),
      one,
    ),
    used: median(results.map(({ used }) => used)),
    cpu: Object.fromEntries(
      [...(results[0]?.cpu.keys() ?? [])].map((name) => [
        name,
        median(results.map(({ cpu }) => cpu.get(name) ?? 0)),
      ]),
    ),
  }));
}
