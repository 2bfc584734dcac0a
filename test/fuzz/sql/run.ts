import type { Major } from "@sallyport/sql";
import { Seeded } from "../../chaos/seeded.ts";
import { Checker, type Outcome } from "./check.ts";
import { Making } from "./making.ts";
import { objectOf, type Made } from "./objects.ts";
import { constructs, render } from "./piece.ts";
import { shrink } from "./shrink.ts";
import { statement } from "./statements.ts";

export interface Fault {
  readonly seed: number;
  readonly faults: readonly string[];
  /** The smallest text found that shows the first of them. */
  readonly text: string;
  readonly objects: readonly string[];
}

export interface Report {
  readonly seed: number;
  readonly outcomes: Record<Outcome["kind"], number>;
  /** Of those that were compared. */
  failed: number;
  claimed: number;
  unchanged: number;
  /** By reason. */
  readonly opaque: Map<string, number>;
  /** Views and functions that were made for statements. */
  objects: number;
  /** Ideas of the grammar: how often in a statement that was made, and in one that was compared. */
  readonly constructs: Map<string, { made: number; compared: number }>;
  readonly faults: Fault[];
  /** Statements that share what they ask with those of other literals. */
  shared: number;
  /** Rules that were switched off: the ones that some statement showed, and the others. */
  readonly missed: { readonly seen: string[]; readonly unseen: string[] };
}

/** What decides, feeds and stores: rules that statements over classified columns can show. */
const watched = [
  "condition",
  "sort",
  "group",
  "distinct",
  "window",
  "aggregate",
  "comparison",
  "call",
  "cast",
  "case",
  "boolean",
  "limit",
  "array",
  "document",
  "store",
  "view",
  "body",
  "returned",
  "generated",
  "merge",
  "conflict",
  "children",
] as const;

export interface Options {
  readonly major: Major;
  readonly seed: number;
  /** Whichever comes first. */
  readonly statements?: number;
  readonly milliseconds?: number;
  /** Told of each fault at once. */
  readonly tell?: (fault: Fault) => void;
}

const generation = 1_000;

/** Makes statements by the grammar and compares what the analyser says of them with what PostgreSQL does. */
export async function run(options: Options): Promise<Report> {
  const { seed, statements = Infinity, milliseconds = Infinity } = options;
  const until = performance.now() + milliseconds;
  const report: Report = {
    seed,
    outcomes: {
      rejected: 0,
      "too-long": 0,
      crashed: 0,
      opaque: 0,
      executes: 0,
      compared: 0,
      fault: 0,
    },
    failed: 0,
    claimed: 0,
    unchanged: 0,
    opaque: new Map(),
    objects: 0,
    shared: 0,
    constructs: new Map(),
    faults: [],
    missed: { seen: [], unseen: [] },
  };
  const checker = await Checker.start(options.major, watched);
  try {
    let objects: Made[] = [];
    for (let at = 0; at < statements && performance.now() < until; at++) {
      if (at % generation === 0) {
        objects = await define(checker, new Seeded(mixed(seed, -at - 1)), at);
        report.objects += objects.length;
      }
      const own = mixed(seed, at);
      const made = statement(new Making(new Seeded(own), 5 + (at % 40), objects));
      const outcome = await checker.check(render(made));
      note(report, outcome, constructs(made));
      if (outcome.kind !== "fault") continue;
      // One problem may have many faces: the smaller statement shows the same kind of it.
      const shape = shapeOf(outcome.faults[0] ?? "");
      const still = async (text: string): Promise<boolean> => {
        const again = await checker.check(text);
        return again.kind === "fault" && again.faults.some((one) => shapeOf(one) === shape);
      };
      const text = render(await shrink(made, still, 250));
      const used = objects.map((one) => one.text).filter((one) => names(one, text));
      const fault = { seed: own, faults: outcome.faults, text, objects: used };
      report.faults.push(fault);
      options.tell?.(fault);
    }
  } finally {
    report.shared = checker.shared;
    for (const rule of watched)
      (checker.unseen.has(rule) ? report.missed.unseen : report.missed.seen).push(rule);
    await checker.stop();
  }
  return report;
}

/** A seed of its own for each statement, so that it does not depend on those before it. */
const mixed = (seed: number, at: number): number =>
  Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(at + 1, 0xc2b2ae35);

const shapeOf = (fault: string): string => fault.replaceAll(/\d+|:.*|".*?"|\(.*\)/gs, "");

const names = (object: string, text: string): boolean =>
  text.includes(/(?:VIEW|FUNCTION) (\w+)/.exec(object)?.[1] ?? "\0");

async function define(checker: Checker, seeded: Seeded, at: number): Promise<Made[]> {
  const objects: Made[] = [];
  for (let tries = 0; tries < 24 && objects.length < 10; tries++) {
    const made = objectOf(`made_${at}_${tries}`, new Making(seeded, 25, objects));
    if (await checker.define(made.text)) objects.push(made);
  }
  return objects;
}

function note(report: Report, outcome: Outcome, ideas: ReadonlySet<string>): void {
  report.outcomes[outcome.kind] += 1;
  if (outcome.kind === "opaque")
    report.opaque.set(outcome.why, (report.opaque.get(outcome.why) ?? 0) + 1);
  const compared = outcome.kind === "compared" || outcome.kind === "fault";
  if (outcome.kind === "compared") {
    report.failed += outcome.failed ? 1 : 0;
    report.claimed += outcome.claimed;
    report.unchanged += outcome.unchanged;
  }
  for (const idea of ideas) {
    const found = report.constructs.get(idea) ?? { made: 0, compared: 0 };
    found.made += 1;
    found.compared += compared ? 1 : 0;
    report.constructs.set(idea, found);
  }
}
