import { setTimeout as delay } from "node:timers/promises";
import { chainLength, type Finding } from "@sallyport/evidence";
import { waitFor } from "@sallyport/testkit";
import { answerTo } from "./approver.ts";
import type { Deployed, Entrance } from "./deployed.ts";
import type { Disturbance } from "./disturbances.ts";
import { connectTo } from "./load-client.ts";
import { rowsOf } from "./shop.ts";
import type { Tales, Told } from "./tales.ts";
import { Witness } from "./witness.ts";

/**
 * Milliseconds for which it is waited that everything serves again by itself, and that what ran is in the archive: how
 * long it took is in the report. A machine that is busy elsewhere may take as long.
 */
const servesWithin = 120_000;
const archivedWithin = 180_000;
/** Milliseconds between a session's end and its last output being stored, at most. */
const unstored = 5000;

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
  /** Statements that ran without the approval that they needed, or although it was denied. */
  readonly unapproved: string[];
  /** COPYs that wrote some of their rows, or all without being told, or none although told. */
  readonly torn: string[];
  /** Answers that were done, and lack something. */
  readonly short: string[];
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
  /** How many things there are to be done by themselves, and which of them were not. */
  readonly single: number;
  readonly missed: readonly string[];
  readonly statements: number;
  readonly told: Readonly<Record<string, number>>;
  /** What people answered to held statements. */
  readonly answers: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly evidence: Readonly<Record<string, number>>;
  readonly faults: Faults;
}

/** Looks after each disturbance, and at the end, at what must hold. */
export class Looking {
  readonly #deployment: Deployed;
  readonly #tales: Tales;
  readonly #witness: Witness;
  readonly #unrecorded: string[] = [];
  readonly #notServing: string[] = [];
  readonly #broken: string[] = [];
  /** When workers were killed, by the clock. */
  readonly #kills: number[] = [];

  constructor(deployment: Deployed, tales: Tales) {
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
        if (one.kind === "kill" && one.service === "proxy") this.#kills.push(Date.now());
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
    const workers = this.#deployment.workers.map((worker) => this.served(worker));
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
    await this.archived(what).catch((error: unknown) => this.note(what, error));
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
  served(worker: Entrance): Promise<true> {
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
  async archived(what: string): Promise<void> {
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
      { what: "the archive to have what ran", timeout: archivedWithin, every: 1000 },
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

  /**
   * What is wrong with sessions but for what a worker that was killed took with it: the evidence says of that what is
   * missing. A session that had just ended may lack its last output.
   */
  #unsaid({ sessions, ends }: Awaited<ReturnType<Witness["verify"]>>): Finding[] {
    const open = new Set(
      sessions.filter(({ code }) => code === "not-closed").map(({ session }) => session),
    );
    const killed = (session: string | undefined): boolean => {
      const end = ends.get(session ?? "");
      return this.#kills.some((at) => end !== undefined && Math.abs(end - at) < unstored);
    };
    return severe(sessions).filter(({ code, session }) => {
      switch (code) {
        case "session-missing":
          return false;
        case "output-missing":
          return !open.has(session) && !killed(session);
        case "event-missing":
        case "hash-chain-broken":
        case "no-open":
          return !open.has(session);
        default:
          return true;
      }
    });
  }

  async report(
    about: Pick<Report, "seed" | "seconds" | "rounds" | "single" | "missed">,
  ): Promise<Report> {
    const tales = this.#tales;
    await waitFor(
      async () => {
        await this.#witness.follow();
        return (await this.#witness.unrecorded()).unrecorded.length === 0;
      },
      { what: "the archive to have all of it", timeout: archivedWithin, every: 500 },
    ).catch(() => undefined);
    const { unrecorded, doubled, unapproved, ran } = await this.#witness.unrecorded();
    const all = async (text: string): Promise<{ n: number; count: number }[]> =>
      this.#deployment.target.query(text, undefined, "shop");
    const held = await all("SELECT n FROM held");
    const rows = new Set([...(await all("SELECT n FROM ledger")), ...held].map(({ n }) => n));
    const lots = new Map(
      (await all("SELECT lot AS n, count(*)::integer FROM lots GROUP BY lot")).map(
        ({ n, count }) => [n, count],
      ),
    );
    // What a session brought may reach the archive after its end.
    const checked = await waitFor(
      async () => {
        const now = await this.#witness.verify();
        return this.#unsaid(now).length === 0 && now;
      },
      { what: "the evidence to be complete", timeout: archivedWithin, every: 1000 },
    ).catch(() => this.#witness.verify());
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
    const told: Record<string, number> = {};
    for (const { told: one } of outcomes) told[one] = (told[one] ?? 0) + 1;
    const answers: Record<string, number> = {};
    for (const one of tales.answers.values()) answers[one] = (answers[one] ?? 0) + 1;
    const { chain, sessions } = checked;
    return {
      ...about,
      statements: ran,
      told,
      answers,
      refusals: Object.fromEntries([...tales.codes].toSorted(([a], [b]) => a.localeCompare(b))),
      evidence: {
        ...this.#witness.counts,
        sessions: checked.count,
        "sessions without an end": sessions.filter(({ code }) => code === "not-closed").length,
        "commands without a result": sessions.filter(({ code }) => code === "no-result").length,
        "missing and said so": severe(sessions).length - this.#unsaid(checked).length,
      },
      faults: {
        unrecorded: [...new Set([...this.#unrecorded, ...unrecorded])],
        doubled,
        lost: said("done").filter((key) => !rows.has(key)),
        refusedAndDone: said("refused").filter((key) => rows.has(key)),
        unapproved: [
          ...unapproved,
          ...held
            .filter(({ n }) => answerTo(n) === "deny")
            .map(({ n }) => `${n} was done, and was to be denied`),
        ],
        torn: [...tales.lots]
          .filter(([lot, one]) => !may[one].has(lots.get(lot) ?? 0))
          .map(([lot, one]) => `${lot}: ${one}, with ${lots.get(lot) ?? 0} rows`),
        short: tales.short,
        wronglyTold: outcomes
          .filter(
            ({ told: one, outcome }) =>
              one === "done" && !["executed", "unknown"].includes(outcome ?? ""),
          )
          .map(({ key, outcome }) => `${key}: done, and the evidence says ${outcome ?? "nothing"}`),
        unmasked: [...tales.unmasked, ...checked.unmasked],
        hung: tales.complaints.filter(({ told: one }) => one === "hung").map(({ what }) => what),
        untold: this.#broken,
        unsaid: this.#unsaid(checked).map(
          ({ code, text, session }) => `${code}: ${text} (${session ?? ""})`,
        ),
        contradictions: [...this.#witness.conflicts, ...severe(chain).map(({ text }) => text)],
        alarms: alarms.flat().filter((one) => !/archive-un(writ|read)able$/.test(one)),
        notServing: this.#notServing,
        blind: await this.#blind(),
      },
    };
  }
}

/** How many rows a COPY may have written, by what its client was told. */
const either = new Set([0, rowsOf.lot]);
const may: Record<Told, ReadonlySet<number>> = {
  done: new Set([rowsOf.lot]),
  refused: new Set([0]),
  ended: either,
  broken: either,
  hung: either,
};

const severe = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ severity }) => severity === "broken");
