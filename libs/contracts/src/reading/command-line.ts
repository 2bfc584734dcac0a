import { Command } from "../events.ts";
import type { CommandId, SessionId } from "../ids.ts";
import { isCount, lineBeginning, readJson } from "./line-beginning.ts";
import { RememberedParts } from "./remembered-parts.ts";

/** What is new in each command. */
const beginning = lineBeginning(
  '{"v":1,"type":"command","session":<id>,"n":<count>,"prev":<sha256|null>,"time":<count><trace>',
  ',"command":<id>,"deadline":<count>,"revision":<count>,"mayWait":<flag>,"parameters":',
);

/**
 * Where the rest of a line is taken apart. JSON has these bytes nowhere but at a member of an object, for a quote within
 * a string is escaped; that it is a member of the line's own object shows when each part is read by itself.
 */
const marks = { asker: ',"kind":', text: ',"text":', operations: ',"operations":' } as const;

const Asker = Command.pick({ kind: true, connection: true, principal: true, address: true });
const Operations = Command.pick({ operations: true });

/**
 * Reads commands' lines that are written in the order of what changes least: what is new in each command, then who
 * asks (from `kind` on, the same all session long), the text, and the operations (those of a statement).
 */
export class CommandLines {
  readonly #askers = new RememberedParts(
    (part) => Asker.safeParse(readJson(`{${part.slice(1)}}`)).data ?? null,
  );
  readonly #operations = new RememberedParts(
    (part) => Operations.safeParse(readJson(`{${part.slice(1)}`)).data ?? null,
  );

  #lastText = { json: '""', text: "" };

  /** What `Command` gives for this line; null where only `Command` can tell. */
  read(line: string): Command | null {
    beginning.lastIndex = 0;
    const found = beginning.exec(line);
    if (found === null) return null;
    const askerAt = line.indexOf(marks.asker, beginning.lastIndex);
    const textAt = askerAt < 0 ? -1 : line.indexOf(marks.text, askerAt);
    const operationsAt = textAt < 0 ? -1 : line.indexOf(marks.operations, textAt);
    if (operationsAt < 0) return null;
    const parameters = readParameters(line.slice(beginning.lastIndex, askerAt));
    const text = this.#text(line.slice(textAt + marks.text.length, operationsAt));
    if (parameters === null || text === null) return null;
    const asker = this.#askers.get(line.slice(askerAt, textAt));
    const asked = asker && this.#operations.get(line.slice(operationsAt));
    if (asker === null || asked === null) return null;
    const [, session, n, prev = null, time, trace, command, deadline, revision, mayWait] = found;
    if (Number(n) < 1) return null;
    const { kind, connection, principal, address } = asker;
    return {
      v: 1,
      session: session as SessionId,
      n: Number(n),
      prev,
      time: Number(time),
      ...(trace !== undefined && { trace }),
      type: "command",
      command: command as CommandId,
      kind,
      connection,
      principal,
      address,
      text,
      parameters,
      operations: asked.operations,
      mayWait: mayWait === "true",
      deadline: Number(deadline),
      revision: Number(revision),
    };
  }

  /** Sessions run the same statement again and again. */
  #text(json: string): string | null {
    if (json === this.#lastText.json) return this.#lastText.text;
    const text = readJson(json);
    if (typeof text !== "string") return null;
    // A short one: it is kept with the line that it was cut out of.
    if (json.length <= 4096) this.#lastText = { json, text };
    return text;
  }
}

/** A parameter whose value has nothing that JSON escapes. */
const plainParameter =
  /\{"oid":(0|[1-9][0-9]{0,14}),"format":([01]),"value":(?:null|"([^"\\\p{Cc}]*)")\}([,\]])/uy;

function readParameters(json: string): Command["parameters"] | null {
  if (json === "[]") return [];
  const plain = plainParameters(json);
  if (plain !== null) return plain;
  const value = readJson(json);
  return Array.isArray(value) && value.every(isParameter) ? value : null;
}

function plainParameters(json: string): Command["parameters"] | null {
  const parameters: Command["parameters"] = [];
  plainParameter.lastIndex = 1;
  for (;;) {
    const found = json.startsWith("[") ? plainParameter.exec(json) : null;
    if (found === null) return null;
    const [, oid, format, value = null, after] = found;
    parameters.push({ oid: Number(oid), format: format === "1" ? 1 : 0, value });
    if (after === "]") return plainParameter.lastIndex === json.length ? parameters : null;
  }
}

function isParameter(value: unknown): value is Command["parameters"][number] {
  if (typeof value !== "object" || value === null) return false;
  const { oid, format, value: bound } = value as Record<string, unknown>;
  return (
    isCount(oid) &&
    (format === 0 || format === 1) &&
    (bound === null || typeof bound === "string") &&
    Object.keys(value).length === 3
  );
}
