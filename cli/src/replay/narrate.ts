import type { Command, Masker, Operation, Verdict } from "@sallyport/contracts";
import type { CommandRecord, EventEntry, SessionRecord } from "@sallyport/evidence";
import { paint, table } from "../output.ts";
import { counted, size, span } from "../readable.ts";
import { shortened, visible, visibleLines } from "../terminal-text.ts";
import { readLongStatement } from "./long-statement.ts";
import { showOutput, type Shown } from "./result-rows.ts";

export interface NarrateOptions {
  /** Rows of a result that are shown. */
  readonly rows: number;
  /** Lines of a statement that are shown. */
  readonly lines: number;
}

const cell = 60;

/** One event of a session's timeline as lines for a terminal; recorded text in them is escaped. */
export function narrate(
  record: SessionRecord,
  { event }: EventEntry,
  options: NarrateOptions,
): string[] {
  switch (event.type) {
    case "open": {
      const { principal, connection, address, client, tls } = event;
      const named = Object.entries(client).map(([name, value]) => `${name}=${value}`);
      return [
        `${paint("bold", "opened")} ${visible(connection || event.protocol)} from ${visible(address)}` +
          ` (${tls === null ? "no TLS" : visible(tls)})`,
        ...(principal === undefined
          ? [detail("by", "nobody that is known")]
          : [
              detail("by", `${principal.id} (${principal.kind})`),
              ...(principal.owner === undefined ? [] : [detail("owner", principal.owner)]),
              ...(principal.groups.length === 0
                ? []
                : [detail("groups", principal.groups.join(", "))]),
            ]),
        ...(named.length === 0 ? [] : [detail("client", named.join(" "))]),
      ];
    }
    case "command":
      return commandLines(record, event, options);
    case "refused":
      return [
        ...statement(event.text, options.lines),
        detail("refused", `${event.message} (${event.code})`, "red"),
      ];
    case "verdict":
      return verdictLines(event);
    case "approval": {
      const { principal, answer, reason } = event;
      const said = answer === "approve" ? "approved" : "denied";
      return [
        detail(
          "answer",
          `${said} by ${principal.id}${reason === "" ? "" : `: ${reason}`}`,
          answer === "approve" ? "green" : "red",
        ),
      ];
    }
    case "result": {
      const command = record.commands.find(({ id }) => id === event.command);
      return resultLines(event, command, options);
    }
    case "own":
      return [
        paint("dim", `${event.purpose === "" ? "own" : visible(event.purpose)}: `) +
          paint("dim", shortened(visible(event.text), 200)) +
          (event.by === undefined ? "" : paint("dim", ` (by ${visible(event.by)})`)),
      ];
    case "close":
      return [
        `${paint("bold", "closed")} ${visible(event.reason)}, ${size(event.bytes)} sent to the client`,
      ];
  }
}

function commandLines(record: SessionRecord, event: Command, options: NarrateOptions): string[] {
  const command = record.commands.find(({ id }) => id === event.command);
  const long = event.long !== undefined && command !== undefined && command.text.length > 0;
  const { text, parameters: given } = long ? readLongStatement(command.text) : event;
  const parameters = given.map(({ value, format }, index) => {
    const shown = value === null ? "NULL" : format === 1 ? `base64 ${value}` : `'${value}'`;
    return `$${index + 1} = ${shortened(shown, 120)}`;
  });
  return [
    ...(event.kind === "connect" ? [paint("cyan", "connect")] : statement(text, options.lines)),
    ...(event.kind === "prepare" || event.kind === "function-call"
      ? [detail("kind", event.kind)]
      : []),
    ...(parameters.length === 0 ? [] : [detail("with", parameters.join(", "))]),
    ...(event.operations.length === 0
      ? []
      : [detail("does", shortened(event.operations.map(operationText).join(", "), 400))]),
  ];
}

const operationText = ({ action, resource, use, detail: more }: Operation): string =>
  `${action} ${resource.id}${use === undefined || use === "output" ? "" : ` (${use})`}` +
  (more === undefined ? "" : ` [${more}]`);

function verdictLines(event: Verdict): string[] {
  const { decision, policies, masks, holds, hold, reasons, shadow, revision } = event;
  const colour =
    decision === "deny" ? "red" : holds.length > 0 && hold?.state !== "taken" ? "yellow" : "green";
  const by = policies.length === 0 ? "no policy permits it" : policies.join(", ");
  const said =
    decision === "deny" ? "deny" : holds.length === 0 ? "pass" : `hold ${hold?.state ?? ""}`;
  return [
    detail("verdict", `${said.trim()}: ${by} (revision ${revision})`, colour),
    ...reasons.map(({ policy, reason, operation }) =>
      detail(
        "because",
        `${policy}${reason === undefined ? "" : `: ${reason}`}${operation === undefined ? "" : ` (${operation})`}`,
      ),
    ),
    ...(hold?.state === "taken" ? [] : holds).map(({ group, quorum, policy, reason }) =>
      detail(
        "needs",
        `${counted(quorum, "answer")} of ${group} for ${policy}${reason === undefined ? "" : `: ${reason}`}`,
      ),
    ),
    ...(hold === undefined
      ? []
      : [
          detail(
            "hold",
            `${hold.id}${hold.approvers.length === 0 ? "" : `, approved by ${hold.approvers.join(", ")}`}`,
          ),
        ]),
    ...masksOf(masks).map((text) => detail("mask", text)),
    ...shadow.map(({ policy, effect }) => detail("shadow", `${policy} would ${effect}`)),
  ];
}

const masksOf = (
  masks: readonly {
    readonly column: string;
    readonly masker: Masker;
    readonly policies: readonly string[];
  }[],
): string[] =>
  masks.map(({ column, masker, policies }) => `${column} by ${masker} (${policies.join(", ")})`);

function resultLines(
  event: Extract<SessionRecord["events"][number]["event"], { type: "result" }>,
  command: CommandRecord | undefined,
  options: NarrateOptions,
): string[] {
  const { outcome, error, sent, ended, rows, bytes, tags, parts, output } = event;
  const lines = showOutput(command?.rows ?? [], options.rows).flatMap(shownLines);
  if (parts === 0 && output !== null)
    lines.push(detail("output", `not kept; SHA-256 ${output.slice(0, 16)}…`));
  if (error !== undefined)
    lines.push(
      detail(
        "error",
        `${error.message} (${[error.sqlstate, error.code].filter(Boolean).join(", ")})`,
        "red",
      ),
    );
  const facts = [
    outcome,
    ...tags,
    ...(rows > 0 ? [counted(rows, "row")] : []),
    ...(bytes > 0 ? [size(bytes)] : []),
    ...(sent === null ? [] : [span(ended - sent)]),
  ];
  return [...lines, detail("result", facts.join(", "), outcome === "executed" ? "green" : "red")];
}

function shownLines(shown: Shown): string[] {
  switch (shown.kind) {
    case "rows": {
      const width = shown.rows[0]?.length ?? shown.columns?.length ?? 0;
      const columns =
        shown.columns ?? Array.from({ length: width }, (_, index) => `column ${index + 1}`);
      if (columns.length === 0) return [];
      const body = table(
        columns.map((name) => shortened(visible(name), cell)),
        shown.rows.map((row) =>
          row.map((value) => (value === null ? "NULL" : shortened(visible(value), cell))),
        ),
      ).split("\n");
      const more = shown.count - shown.rows.length;
      return [
        ...body.map(indent),
        ...(more > 0 ? [indent(paint("dim", `… ${counted(more, "more row")}`))] : []),
      ];
    }
    case "copy": {
      const lines = visibleLines(shown.text.replace(/\n$/, "")).slice(0, 20);
      return [...lines.map(indent), indent(paint("dim", `COPY, ${size(shown.bytes)}`))];
    }
    case "tag":
      return [];
    case "error":
    case "notice":
      return [
        detail(
          shown.kind,
          `${shown.message} (${shown.sqlstate})`,
          shown.kind === "error" ? "red" : "yellow",
        ),
      ];
    case "unreadable":
      return [detail("output", `cannot be read: ${shown.why}`, "red")];
  }
}

/** The first lines of a statement. */
function statement(text: string, limit: number): string[] {
  const all = visibleLines(text.trim() === "" ? "(empty)" : text.trimEnd());
  const lines = all.slice(0, limit).map((line) => paint("cyan", shortened(line, 2000)));
  return all.length > limit
    ? [...lines, paint("dim", `… ${counted(all.length - limit, "more line")}`)]
    : lines;
}

const indent = (line: string): string => `  ${line}`;

function detail(label: string, text: string, colour?: Parameters<typeof paint>[0]): string {
  const shown = visible(text);
  return `  ${paint("dim", label.padEnd(8))}${colour === undefined ? shown : paint(colour, shown)}`;
}
