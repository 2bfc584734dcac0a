import { appendFileSync } from "node:fs";
import { Approver } from "./approver.ts";
import { Deployment } from "./deployment.ts";
import { disturbances, type Disturbance } from "./disturbances.ts";
import { Load } from "./load.ts";
import { Looking, type Report, type Round } from "./looking.ts";
import { Seeded } from "./seeded.ts";

export interface LoopOptions {
  readonly seed: number;
  /** Once each was done by itself, no new round begins after so many milliseconds. */
  readonly time: number;
  /** Of all that can be done; all of it when left out: in a seeded order, and again, two at once among them. */
  readonly only?: (one: Disturbance) => boolean;
  /** Takes a line a round. */
  readonly progress?: string;
}

/** Real load, and one thing after another done to a deployment over several machines, each looked after. */
export async function loop(options: LoopOptions): Promise<Report> {
  const began = performance.now();
  const chance = new Seeded(options.seed);
  await using deployment = await Deployment.start();
  const say = (line: string): void => {
    if (options.progress !== undefined)
      appendFileSync(options.progress, `${new Date().toISOString()} ${line}\n`);
  };
  say(`seed ${options.seed}: started in ${Math.round(performance.now() - began)} ms`);
  const load = new Load(deployment, options.seed);
  const approver = new Approver(deployment, load.tales);
  const looking = new Looking(deployment, load.tales);
  const rounds: Round[] = [];
  const until = performance.now() + options.time;
  await looking.afterwards("the start");
  const missed = new Set(
    disturbances(deployment, chance)
      .filter(options.only ?? (() => true))
      .map(nameOf),
  );
  const single = missed.size;
  const enough = (): boolean => missed.size === 0 && performance.now() > until;
  while (!enough()) {
    const all = disturbances(deployment, chance).filter(options.only ?? (() => true));
    for (const one of chance.shuffled(all)) {
      if (enough()) break;
      // Sometimes two at once, of what was met alone.
      const others = all.filter(({ part }) => part !== one.part);
      const both =
        !missed.has(nameOf(one)) && others.length > 0 && chance.next() < 0.5
          ? [one, chance.of(others)]
          : [one];
      const what = both.map(nameOf).join(" and ");
      missed.delete(what);
      say(what);
      const without = await looking.during(what, both).catch((error: unknown) => {
        looking.note(what, error);
        return null;
      });
      const round = { ...(await looking.afterwards(what)), without };
      rounds.push(round);
      say(
        `  ${without === null ? "" : `without it after ${without} ms, `}served after ${round.served} ms, archived after ${round.archived} ms`,
      );
      if (looking.broken) break;
    }
    if (looking.broken) break;
  }
  await load.stop();
  await approver.stop();
  const seconds = Math.round((performance.now() - began) / 1000);
  const report = await looking.report({
    seed: options.seed,
    seconds,
    rounds,
    single,
    missed: [...missed],
  });
  say(JSON.stringify(report.faults));
  if (Object.values(report.faults).some((found) => found.length > 0))
    for (const machine of deployment.machines)
      say(`--- ${machine.name}\n${(await machine.log()).split("\n").slice(-400).join("\n")}`);
  return report;
}

const nameOf = ({ part, kind }: Disturbance): string => `${part}: ${kind}`;
