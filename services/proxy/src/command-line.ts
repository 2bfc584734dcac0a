import type { CommandFields } from "./record.ts";

/** What is new in each command. */
type Novel = Pick<CommandFields, "command" | "deadline" | "revision" | "mayWait" | "parameters">;
/** Who asks: the same all session long. */
type Asker = Pick<CommandFields, "kind" | "connection" | "principal" | "address">;
/** What is asked: the same each time that a statement runs. */
type Asked = Pick<CommandFields, "text" | "operations" | "long">;

// The members of a command's line in the order in which readers take it apart (libs/contracts/src/reading), so that
// what repeats itself is written once, and read once. Each part begins with a comma.

export const novelMembers = ({ command, deadline, revision, mayWait, parameters }: Novel): string =>
  `,"command":"${command}","deadline":${deadline},"revision":${revision},"mayWait":${mayWait},"parameters":${parameters.length === 0 ? "[]" : JSON.stringify(parameters)}`;

export const askerMembers = ({ kind, connection, principal, address }: Asker): string =>
  members({ kind, connection, principal, address });

export const askedMembers = ({ text, ...more }: Asked): string =>
  textMember(text) + operationMembers(more);

export const textMember = (text: string): string => `,"text":${JSON.stringify(text)}`;

export const operationMembers = ({ operations, long }: Omit<Asked, "text">): string =>
  members({ operations, long });

/** The members of an object that has some, as they stand behind others; those that are undefined are left out. */
export const members = (object: object): string => `,${JSON.stringify(object).slice(1, -1)}`;
