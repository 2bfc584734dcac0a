import { members } from "./command-line.ts";
import type { ResultFields } from "./record.ts";

/** The members of a result's line, beginning with a comma; what has no text of others is written at once. */
export function resultMembers(fields: ResultFields): string {
  const { command, outcome, verdict, rows, bytes, output, parts, tags, sent, ended } = fields;
  const { input, detected, error } = fields;
  const rare = input || detected || error ? members({ input, detected, error }) : "";
  return `,"command":"${command}","outcome":"${outcome}","verdict":${quoted(verdict)},"rows":${rows},"bytes":${bytes},"output":${quoted(output)},"parts":${parts},"tags":${JSON.stringify(tags)}${rare},"sent":${sent},"ended":${ended}`;
}

/** A hash, or null. */
const quoted = (hash: string | null): string => (hash === null ? "null" : `"${hash}"`);
