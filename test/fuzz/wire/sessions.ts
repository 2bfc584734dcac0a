import { Backend, eachFrame, Frontend, parseFrontend } from "@sallyport/pgwire";
import { Seeded } from "../../chaos/seeded.ts";
import { startCluster, type Cluster } from "../../journey/cluster.ts";
import { bare, clearText, gateway } from "../../journey/raw-client.ts";
import { Reach } from "./reach.ts";
import { Answers } from "./same-answers.ts";
import { mark, sessionScript, type Segment } from "./session-script.ts";
import { sessionRows, sessionTarget } from "./session-target.ts";
import { Talk } from "./talk.ts";

export interface Difference {
  readonly seed: number;
  readonly problem: string;
  /** The messages of the smallest script found that shows it, a segment a line. */
  readonly script: string;
}

/** Where a run ends: by number, so that each run is the same, or by time. */
export interface Bound {
  readonly sessions?: number;
  readonly milliseconds?: number;
}

/** Sessions that run at a time, each in databases of its own. */
const lanes = [1, 2, 3];

/** A gateway that permits everything, before databases with twins that are reached past it. */
export async function startSessionsCluster(): Promise<Cluster> {
  const cluster = await startCluster({
    jobs: { free: { groups: ["free"] } },
    policies: '@id("all") permit (principal, action, resource);',
    postgres: { hba: clearText },
    change: (config) => {
      const { shop } = config.connections;
      if (!shop) throw new Error("no connection to begin with");
      for (const lane of lanes)
        config.connections[`lane${lane}`] = {
          ...shop,
          target: { ...shop.target, database: `through${lane}` },
          columns: {},
        };
    },
  });
  const { target } = cluster;
  await target.query("CREATE DATABASE template OWNER shop_app");
  await target.query(`SET ROLE shop_app; ${sessionTarget}`, undefined, "template");
  for (const lane of lanes)
    for (const side of ["through", "past"])
      await target.query(`CREATE DATABASE ${side}${lane} TEMPLATE template OWNER shop_app`);
  return cluster;
}

/** Says the same scripts to PostgreSQL and through the gateway, and compares every byte of what is said to them. */
export async function fuzzSessions(
  cluster: Cluster,
  seed: number,
  { sessions = Infinity, milliseconds = Infinity }: Bound,
): Promise<{ reach: Reach; found: Difference[] }> {
  const until = performance.now() + milliseconds;
  const reach = new Reach();
  const found: Difference[] = [];
  let next = 0;
  const work = async (lane: number): Promise<void> => {
    while (performance.now() < until && next < sessions && found.length < 3) {
      const own = seed + next++;
      const seeded = new Seeded(own);
      const script = sessionScript(seeded, Math.floor(seeded.between(4, 24)));
      const problem = await compare(cluster, lane, script, own, reach);
      const unanswered = problem?.startsWith(noAnswer) ?? false;
      reach.count(
        "sessions",
        unanswered ? "PostgreSQL does not answer" : problem === null ? "the same" : "another",
      );
      if (problem === null || unanswered) continue;
      const still = (less: readonly Segment[]) => compare(cluster, lane, less, own);
      found.push({ seed: own, ...(await smallest(script, problem, still)) });
    }
  };
  await Promise.all(lanes.map(work));
  return { reach, found };
}

/** Of what it does not understand itself, such as a COPY in its pipeline's implicit transaction, nothing is compared. */
const noAnswer = "PostgreSQL does not answer";

/** Null, or the first difference. */
async function compare(
  cluster: Cluster,
  lane: number,
  script: readonly Segment[],
  seed: number,
  reach?: Reach,
): Promise<string | null> {
  for (const side of ["through", "past"])
    await cluster.target.query(`SET ROLE shop_app; ${sessionRows}`, undefined, `${side}${lane}`);
  const parameters = { user: "free", database: `lane${lane}` };
  await using past = await Talk.open(bare(cluster, `past${lane}`));
  await using through = await Talk.open(await gateway(cluster, "free", { parameters }));
  const sides = [new Answers(), new Answers()] as const;
  const seeded = new Seeded(seed);
  for (const segment of [...script, { pieces: [{ frames: mark, answers: 0 }], marked: true }]) {
    const from = [past.heard.length, through.heard.length];
    const status = String.fromCharCode(past.heard.at(-1)?.[5] ?? 0x49);
    const ends = await Promise.all([
      past.say(segment).then(() => null, String),
      through.say(segment, seeded).then(() => null, String),
    ]);
    const frames = past.heard.slice(from[0]);
    const expected = sides[0].lines(frames);
    const got = sides[1].lines(through.heard.slice(from[1]));
    const at = expected.findIndex((line, index) => line !== got[index]);
    if (ends[0] !== null) return `${noAnswer}: ${ends[0]}`;
    const left = at >= 0 && ends[1] === null && isLeftPortal(expected[at] ?? "", got[at] ?? "");
    if (!left && (at >= 0 || got.length !== expected.length || ends[1] !== null)) {
      const first = at < 0 ? expected.length : at;
      const [wanted, instead] = [expected, got].map((lines) =>
        lines.slice(first, first + 3).join("\n      "),
      );
      return `to ${legibleSegment(segment)}\n  in ${status}, after ${first} of ${expected.length} messages\n    PostgreSQL says ${wanted}\n    the gateway    ${instead}\n    ${ends[1] ?? ""}`;
    }
    if (!reach) continue;
    for (const frame of framesOf(segment)) {
      reach.count(`said in ${status}`, named(Frontend, frame));
      reach.bytes += frame.length;
    }
    for (const frame of frames) {
      reach.count(`heard in ${status}`, named(Backend, frame));
      reach.bytes += frame.length;
    }
  }
  return null;
}

/** A Query that failed leaves its portal behind, which PostgreSQL describes and does not run; to the gateway it is not there. */
const isLeftPortal = (expected: string, got: string): boolean =>
  /^[nT] |C(?:55000\\u0000Mportal \\"\\" cannot be run|25P02)/.test(expected) &&
  got.includes('C34000\\u0000Mportal \\"\\" does not exist');

/** How long a script that shows a difference is made smaller, in milliseconds. */
const smallestWithin = 40_000;

/** Without the segments that it does not take, as far as the time tells. */
async function smallest(
  script: readonly Segment[],
  problem: string,
  still: (less: readonly Segment[]) => Promise<string | null>,
): Promise<{ problem: string; script: string }> {
  let best = { script, problem };
  const until = performance.now() + smallestWithin;
  for (let size = Math.ceil(script.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.script.length && performance.now() < until;) {
      const less = best.script.toSpliced(at, size);
      const shown = less.length === best.script.length ? null : await still(less);
      if (shown === null || shown.startsWith(noAnswer)) at += size;
      else best = { script: less, problem: shown };
    }
  }
  return { problem: best.problem, script: best.script.map(legibleSegment).join("\n") };
}

const framesOf = ({ pieces }: Segment): Buffer[] => pieces.flatMap(({ frames }) => [...frames]);

function legibleSegment({ pieces, marked }: Segment): string {
  const said = pieces.map(({ frames, answers }) => {
    const kinds = [...eachFrame(Buffer.concat(frames))].map((frame) => {
      const { kind, ...rest } = parseFrontend(frame);
      return `${kind} ${JSON.stringify(rest).slice(0, 300)}`;
    });
    return `${kinds.join(" · ")}${answers > 0 ? ` · (${answers} answers)` : ""}`;
  });
  return `[${said.join(" | ")}]${marked ? " marked" : ""}`;
}

const named = (types: Readonly<Record<string, number>>, [type]: Buffer): string =>
  Object.keys(types).find((name) => types[name] === type) ?? "unknown";
