import { appendFileSync } from "node:fs";
import { Deployment } from "./deployment.ts";
import { disturbances, type Disturbance } from "./disturbances.ts";
import { Load } from "./load.ts";
import { Looking, type Report, type Round } from "./looking.ts";
import { Seeded } from "./seeded.ts";

export interface LoopOptions {
  readonly seed: number;
  /** No new round begins after so many milliseconds. */
  readonly time: number;
  /** Of all that can be done; all of it, in a seeded order and again, when left out. */
  readonly only?: (one: Disturbance) => boolean;
  /** So many at most. */
  readonly rounds?: number;
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
  const looking = new Looking(deployment, load.tales);
  const rounds: Round[] = [];
  const until = performance.now() + options.time;
  const enough = (): boolean =>
    performance.now() > until || rounds.length >= (options.rounds ?? Number.POSITIVE_INFINITY);
  await looking.afterwards("the start");
  while (!enough()) {
    const all = disturbances(deployment, chance).filter(options.only ?? (() => true));
    for (const one of chance.shuffled(all)) {
      if (enough()) break;
      // Sometimes two at once.
      const others = all.filter(({ part }) => part !== one.part);
      const both = chance.next() < 0.2 && others.length > 0 ? [one, chance.of(others)] : [one];
      const what = both.map(({ part, kind }) => `${part}: ${kind}`).join(" and ");
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
  const seconds = Math.round((performance.now() - began) / 1000);
  const report = await looking.report({ seed: options.seed, seconds, rounds });
  say(JSON.stringify(report.faults));
  if (Object.values(report.faults).some((found) => found.length > 0))
    for (const machine of deployment.machines)
      say(`--- ${machine.name}\n${(await machine.log()).split("\n").slice(-400).join("\n")}`);
  return report;
}
