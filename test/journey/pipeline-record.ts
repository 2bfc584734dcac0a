import type { Command, Result } from "@sallyport/contracts";
import type { Cluster } from "./cluster.ts";
import type { Said } from "./raw-client.ts";

/** A command as the record has it. */
export interface Recorded {
  readonly text: string;
  /** Where the message lay that brought it. */
  readonly seq: number;
  readonly time: number;
  readonly outcome: Result["outcome"] | undefined;
  readonly code: string | undefined;
  readonly sent: number | null;
}

/** The commands of a job's one session, once that is over and in the archive, in the order in which they were asked. */
export async function recordedCommands(cluster: Cluster, who: string): Promise<Recorded[]> {
  const record = await cluster.recorded(({ principal }) => principal === `corp#${who}`);
  const results = new Map(
    record.commands.map(({ id, result }) => [id as string, result?.event] as const),
  );
  return record.events.flatMap(({ seq, event }) => {
    if (event.type !== "command" || event.kind === "connect") return [];
    const { text, time, command }: Command = event;
    const { outcome, error, sent = null } = results.get(command) ?? {};
    return [{ text, seq, time, outcome, code: error?.code, sent }];
  });
}

/** What came to an end without an error. */
export const ran = (all: readonly Recorded[]): string[] =>
  all.flatMap(({ text, outcome }) => (outcome === "executed" ? [text] : []));

/** What the target itself says that it ran, of the texts that have this in them. */
export async function loggedTexts(cluster: Cluster, part: string): Promise<string[]> {
  const log = await cluster.target.log();
  return log.split("\n").flatMap((line) => {
    const text = /execute [^:]*: (.*)$/.exec(line)?.[1];
    return text?.includes(part) === true ? [text] : [];
  });
}

/** The same answers, again and again. */
export const times = (count: number, ...said: readonly Said[]): Said[] =>
  Array.from({ length: count }, () => said).flat();
