import { join } from "node:path";
import {
  checkChain,
  checkSession,
  checkStarts,
  type Finding,
  type SessionRecord,
} from "@sallyport/evidence";
import { readSigningPublicKey } from "@sallyport/runtime";
import { waitFor } from "@sallyport/testkit";
import { DatabaseError } from "pg";
import { expect } from "vitest";
import type { Cluster } from "./cluster.ts";

/** What clients are told while the archive takes nothing; over 90 % a log-in hears what a command does. */
export const noSession = "53100: no session can be opened: the record is over three quarters full";
export const noCommand = "53100: the command could not be recorded: the record is full";

/** The code and message that it was refused with; null when it was not. */
export const refusal = (doing: Promise<unknown>): Promise<string | null> =>
  doing.then(
    () => null,
    (cause: unknown) => {
      if (cause instanceof DatabaseError) return `${cause.code}: ${cause.message}`;
      throw cause;
    },
  );

/** A session of one statement. */
export async function logIn(cluster: Cluster): Promise<void> {
  await using client = await cluster.connect("ci-runner");
  await client.query("SELECT 1");
}

export function recorderSays(cluster: Cluster, what: string): Promise<boolean> {
  return waitFor(
    async () => {
      const page = await fetch(`http://${cluster.up.listen["recorder"]}/readyz`);
      return (await page.text()).includes(what);
    },
    { what: `the recorder to say ${what}`, timeout: 120_000, every: 500 },
  );
}

/** All sessions of the archive with their output, and what `sally verify` would say of them and of their chain. */
export async function wholeArchive(
  cluster: Cluster,
): Promise<{ sessions: SessionRecord[]; findings: Finding[] }> {
  const reader = cluster.reader();
  const all = await reader.sessions();
  const findings = [...checkStarts(all)];
  const sessions: SessionRecord[] = [];
  for (const parts of all) {
    const record = await reader.read(parts, true);
    sessions.push(record);
    // The worker's own connection to the target goes on.
    const goesOn = record.events.some(
      ({ event }) => event.type === "own" && event.purpose === "digest",
    );
    findings.push(...checkSession(record).filter(({ code }) => !(goesOn && code === "not-closed")));
  }
  findings.push(...reader.findings);
  const key = readSigningPublicKey(join(cluster.data, "keys"));
  findings.push(...(await checkChain(cluster.archive, 0, key)).findings);
  return { sessions, findings };
}

/** Of a statement of such a test: `SELECT 1 AS n … /* xx…`; undefined for any other. */
const numberOf = (text: string): number | undefined => {
  const found = /^SELECT (\d+) AS n.*\/\* xx/.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
};

const numbersOf = (texts: readonly string[]): number[] =>
  texts.map(numberOf).filter((n) => n !== undefined);

/**
 * What clients were told is done is what the target ran, and the archive has all of it without a finding, within
 * `patience` (milliseconds). Gives what the archive has.
 */
export async function expectNothingLost(
  cluster: Cluster,
  done: readonly number[],
  patience: { readonly timeout: number; readonly every: number },
) {
  const ran = numbersOf((await cluster.target.statements()).map(({ text }) => text));
  expect(ran).toEqual(done);
  const whole = async () => {
    const { sessions, findings } = await wholeArchive(cluster);
    const commands = sessions.flatMap((one) => one.commands);
    const executed = commands.filter(({ result }) => result?.event.outcome === "executed");
    const numbers = numbersOf(executed.map(({ asked }) => asked.event.text));
    return { sessions, commands, numbers, findings };
  };
  const found = await waitFor(
    async () => {
      const now = await whole();
      return now.findings.length === 0 && now.numbers.length >= ran.length && now;
    },
    { what: "all of it in the archive", ...patience },
  ).catch(whole);
  expect(found.findings).toEqual([]);
  expect(found.numbers.toSorted((a, b) => a - b)).toEqual(done);
  return found;
}
