import { styleText } from "node:util";

const colours: Readonly<Record<string, "red" | "yellow" | "dim">> = {
  error: "red",
  warn: "yellow",
  debug: "dim",
};
/** Said already, or by the line's beginning. */
const known = new Set(["level", "time", "pid", "service", "worker", "msg"]);

/** A line of the log for a person at a terminal; one that is no JSON object stays as it is. */
export function readableLine(line: string): string {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return line;
  const all = new Map<string, unknown>(Object.entries(fields));
  const text = (name: string): string => plain(all.get(name));
  const level = text("level");
  const who = [text("service"), text("worker")].filter((part) => part !== "").join(" ");
  const rest = [...all].filter(([name]) => !known.has(name));
  const colour = colours[level];
  const said = level === "info" ? text("msg") : `${level}: ${text("msg")}`;
  return `${[
    paint("dim", clock(text("time"))),
    paint("cyan", who.padEnd(9)),
    colour === undefined ? said : paint(colour, said),
    ...rest.map(([name, value]) => `${paint("dim", `${plain(name)}=`)}${valueText(value)}`),
  ].join(" ")}\n`;
}

const paint = (colour: "red" | "yellow" | "dim" | "cyan", text: string): string =>
  styleText(colour, text, { stream: process.stderr });

/** What a client wrote may stand in a log, and must not move the cursor or turn text around. */
const unsafe = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

const plain = (value: unknown): string => {
  const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
  return text.replaceAll(
    unsafe,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
};

/** An error is its message and that of its causes: where it was thrown stands in the JSON. */
function valueText(value: unknown): string {
  if (typeof value === "object" && value !== null && "stack" in value && "message" in value) {
    const cause = "cause" in value ? `, because of ${valueText(value.cause)}` : "";
    return `${plain(value.message)}${cause}`;
  }
  return plain(value);
}

/** `22:19:25`, in this machine's time zone. */
const clock = (time: string): string => {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? time : at.toTimeString().slice(0, 8);
};
