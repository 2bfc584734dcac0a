import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { chainLength, type Finding } from "@sallyport/evidence";
import { waitFor } from "@sallyport/testkit";
import { Deployment } from "./deployment.ts";
import { disturbances, type Disturbance } from "./disturbances.ts";
import { connectTo, Load, type Tales } from "./load.ts";
import type { Machine } from "./machine.ts";
import { Seeded } from "./seeded.ts";
import { Witness } from "./witness.ts";

/** Milliseconds within which everything serves again by itself, and what ran is in the archive. */
export const servesWithin = 30_000;
export const archivedWithin = 60_000;

export interface Round {
  readonly what: string;
  /** Milliseconds from its begin until every worker served a new client without the part; null when it has no spare. */
  readonly without: number | null;
  /** Milliseconds from the end of the disturbance until every worker served a new client. */
  readonly served: number;
  /** Until the archive had what ran by then. */
  readonly archived: number;
}

/** What must be nowhere. */
export interface Faults {
  readonly unrecorded: string[];
  readonly doubled: string[];
  readonly lost: number[];
  readonly refusedAndDone: number[];
  readonly wronglyTold: string[];
  readonly unmasked: string[];
  readonly hung: string[];
  /** Sessions that a drain broke without a word. */
  readonly untold: string[];
  readonly unsaid: string[];
  readonly contradictions: string[];
  readonly alarms: string[];
  readonly notServing: string[];
  /** Statements that went past the gateway on purpose, and were not found. */
  readonly blind: string[];
}

export interface Report {
  readonly seed: number;
  readonly seconds: number;
  readonly rounds: readonly Round[];
  readonly statements: number;
  readonly told: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly evidence: Readonly<Record<string, number>>;
  readonly faults: Faults;
}

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

/** Looks after each disturbance, and at the end, at what must hold. */
class Looking {
  readonly #deployment: Deployment;
  readonly #tales: Tales;
  readonly #witness: Witness;
  readonly #unrecorded: string[] = [];
  readonly #notServing: string[] = [];
  readonly #broken: string[] = [];

  constructor(deployment: Deployment, tales: Tales) {
    this.#deployment = deployment;
    this.#tales = tales;
    this.#witness = new Witness(deployment);
  }

  /** Whether going on would only repeat it. */
  get broken(): boolean {
    return this.#unrecorded.length > 0 || this.#notServing.length > 0;
  }

  /**
   * INVARIANT (I9): whoever drains says so to those who are connected. Gives what broke without a word since `before`
   * complaints were there.
   */
  #untold(before: number): void {
    for (const { what, connected, told } of this.#tales.complaints.slice(before))
      if (connected && told === "broken") this.#broken.push(what);
  }

  /** Does it, and undoes it. What has a spare is undone when that is seen to do its work. */
  async during(what: string, all: readonly Disturbance[]): Promise<number | null> {
    const began = performance.now();
    const complaints = this.#tales.complaints.length;
    let without: number | null = null;
    const spared = all.every(({ spare }) => spare) && all.length === 1;
    await Promise.all(
      all.map(async (one) => {
        await one.begin();
        const held = delay(one.hold);
        if (spared) {
          await this.#serving(`${what}: meanwhile`);
          without = Math.round(performance.now() - began);
        }
        await held;
        await one.end();
      }),
    );
    if (all.every(({ kind }) => kind === "drain")) this.#untold(complaints);
    return without;
  }

  async #serving(what: string): Promise<void> {
    const workers = this.#deployment.workers.map((worker) => this.#served(worker));
    await Promise.all(workers).catch((error: unknown) => this.note(what, error));
  }

  note(what: string, error: unknown): void {
    this.#notServing.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }

  async afterwards(what: string): Promise<Omit<Round, "without">> {
    const mended = performance.now();
    const since = (): number => Math.round(performance.now() - mended);
    await this.#serving(what);
    const served = since();
    await this.#archived(what).catch((error: unknown) => this.note(what, error));
    const archived = since();
    await waitFor(async () => (await this.#unready()).length === 0, {
      what: "every health page to say that it serves",
      timeout: servesWithin,
      every: 200,
    }).catch(async (error: unknown) =>
      this.note(what, `${String(error)}: ${(await this.#unready()).join()}`),
    );
    return { what, served, archived };
  }

  /** A new client of this worker writes a row. */
  #served(worker: Machine): Promise<true> {
    return waitFor(
      async () => {
        const key = this.#tales.key();
        const client = await connectTo(this.#deployment, worker);
        try {
          await client.query(`INSERT INTO ledger VALUES (${key}) /* ${key} */`);
          this.#tales.rows.set(key, "done");
          return true;
        } finally {
          await client.end();
        }
      },
      { what: `${worker.name} to serve a new client`, timeout: servesWithin, every: 100 },
    );
  }

  /** Everything that the target ran so far is in the archive, and the archive goes on. */
  async #archived(what: string): Promise<void> {
    const { archive } = this.#deployment;
    const before = await waitFor(() => chainLength(archive, 0).then((length) => ({ length })), {
      what: "the archive to be read",
      timeout: archivedWithin,
    });
    const all = (await this.#witness.unrecorded()).ran;
    let missing: string[] = [];
    await waitFor(
      async () => {
        if ((await this.#witness.follow()) <= before.length) return false;
        const now = await this.#witness.unrecorded();
        missing = now.unrecorded.slice(0, 5);
        // What runs meanwhile is archived later: only what ran by then is asked for.
        return now.ran - now.unrecorded.length >= all || now.unrecorded.length === 0;
      },
      { what: "the archive to have what ran", timeout: archivedWithin, every: 300 },
    ).catch((error: unknown) => {
      if (missing.length > 0) this.#unrecorded.push(...missing.map((one) => `${what}: ${one}`));
      throw error;
    });
  }

  async #unready(): Promise<string[]> {
    const pages = await Promise.all(
      this.#deployment.machines.map(async (machine) => ({
        name: machine.name,
        page: await machine.ready(),
      })),
    );
    return pages.filter(({ page }) => page?.ready !== true).map(({ name }) => name);
  }

  /** Whoever has the target's password and goes past the gateway is seen: otherwise the rest says nothing. */
  async #blind(): Promise<string[]> {
    const texts = ["SELECT 'past the gateway'", "INSERT INTO ledger VALUES (-1) /* 999999999 */"];
    for (const text of texts) await this.#deployment.pastTheGateway(text);
    const { unrecorded } = await this.#witness.unrecorded();
    return texts.filter((text) => !unrecorded.some((one) => one.startsWith(text)));
  }

  async report(about: Pick<Report, "seed" | "seconds" | "rounds">): Promise<Report> {
    const tales = this.#tales;
    await waitFor(
      async () => {
        await this.#witness.follow();
        return (await this.#witness.unrecorded()).unrecorded.length === 0;
      },
      { what: "the archive to have all of it", timeout: archivedWithin, every: 500 },
    ).catch(() => undefined);
    const { unrecorded, doubled, ran } = await this.#witness.unrecorded();
    const found = await this.#deployment.target.query<{ n: number }>(
      "SELECT n FROM ledger",
      undefined,
      "shop",
    );
    const rows = new Set(found.map(({ n }) => n));
    const checked = await this.#witness.verify();
    const said = (told: string): number[] =>
      [...tales.rows].filter(([, one]) => one === told).map(([key]) => key);
    const outcomes = [...tales.told].map(([key, told]) => ({
      key,
      told,
      outcome: this.#witness.outcome(key),
    }));
    const alarms = await Promise.all(
      this.#deployment.machines.map(async (machine) =>
        Object.keys((await machine.ready())?.alarms ?? {}).map(
          (name) => `${machine.name}: ${name}`,
        ),
      ),
    );
    const severe = (findings: readonly Finding[]): Finding[] =>
      findings.filter(({ severity }) => severity === "broken");
    const open = new Set(
      checked.sessions.filter(({ code }) => code === "not-closed").map(({ session }) => session),
    );
    // A worker that is killed takes what it had not stored with it; the evidence says what is missing.
    const mayMiss = ({ code, session }: Finding): boolean =>
      code === "session-missing" ||
      (["event-missing", "hash-chain-broken", "no-open", "output-missing"].includes(code) &&
        open.has(session));
    const told: Record<string, number> = {};
    for (const { told: one } of outcomes) told[one] = (told[one] ?? 0) + 1;
    const { chain, sessions } = checked;
    return {
      ...about,
      statements: ran,
      told,
      refusals: Object.fromEntries([...tales.codes].toSorted(([a], [b]) => a.localeCompare(b))),
      evidence: {
        ...this.#witness.counts,
        sessions: checked.count,
        "sessions without an end": open.size,
        "commands without a result": sessions.filter(({ code }) => code === "no-result").length,
        "missing and said so": severe(sessions).filter(mayMiss).length,
      },
      faults: {
        unrecorded: [...new Set([...this.#unrecorded, ...unrecorded])],
        doubled,
        lost: said("done").filter((key) => !rows.has(key)),
        refusedAndDone: said("refused").filter((key) => rows.has(key)),
        wronglyTold: outcomes
          .filter(
            ({ told: one, outcome }) =>
              one === "done" && !["executed", "unknown"].includes(outcome ?? ""),
          )
          .map(({ key, outcome }) => `${key}: done, and the evidence says ${outcome ?? "nothing"}`),
        unmasked: [...tales.unmasked, ...checked.unmasked],
        hung: tales.complaints.filter(({ told: one }) => one === "hung").map(({ what }) => what),
        untold: this.#broken,
        unsaid: severe(sessions)
          .filter((finding) => !mayMiss(finding))
          .map(({ code, text, session }) => `${code}: ${text} (${session ?? ""})`),
        contradictions: [...this.#witness.conflicts, ...severe(chain).map(({ text }) => text)],
        alarms: alarms.flat().filter((one) => !/archive-un(writ|read)able$/.test(one)),
        notServing: this.#notServing,
        blind: await this.#blind(),
      },
    };
  }
}
