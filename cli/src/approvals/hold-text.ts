import type { HoldView, Operation } from "@sallyport/contracts";
import { paint } from "../output.ts";
import { counted, span } from "../readable.ts";
import { visible, visibleLines } from "../terminal-text.ts";
import { parameterText } from "./parameter-text.ts";

const labelWidth = 12;

/** A hold for a terminal, at a moment: who wants what, whom that asks, and the time left. Its texts are escaped. */
export function holdLines(view: HoldView, options: { now: number; lines: number }): string[] {
  return [
    `${paint("bold", `hold ${view.hold}`)}  ${stateText(view, options.now)}`,
    ...labelled("who", whoLines(view)),
    ...labelled("connection", [visible(view.connection)]),
    ...labelled(
      view.kind === "simple" ? "command" : view.kind,
      statementLines(view, options.lines),
    ),
    ...labelled(
      "with",
      view.parameters.map((one, n) => `$${n + 1} = ${visible(parameterText(one))}`),
    ),
    ...labelled("does", view.operations.map(operationText)),
    ...labelled("asks", view.policies.map(conditionText)),
    ...labelled(
      "answers",
      view.answers.map((given) => answerText(given, options.now)),
    ),
    ...labelled(
      "not told",
      (view.notices ?? [])
        .filter(({ state, problem }) => state !== "delivered" && problem !== undefined)
        .map((notice) => noticeText(notice, options.now)),
    ),
    ...labelled("waits", view.waiting > 0 ? [`${counted(view.waiting, "command")} now`] : []),
  ];
}

function labelled(label: string, lines: readonly string[]): string[] {
  return lines.map(
    (line, n) => `  ${paint("dim", (n === 0 ? label : "").padEnd(labelWidth))}${line}`,
  );
}

function stateText({ state, expires }: HoldView, now: number): string {
  const left = `${span(Date.parse(expires) - now)} left`;
  switch (state) {
    case "open":
      return paint("yellow", `open, ${left}`);
    case "approved":
      return paint("green", `approved, good for one such command, ${left}`);
    case "used":
      return paint("green", "approved and used");
    case "denied":
    case "expired":
    case "withdrawn":
      return paint("red", state);
  }
}

function whoLines({ principal, owner, delegation }: HoldView): string[] {
  const owned = owner === null ? "" : `, owned by ${visible(owner)}`;
  const acting = delegation.map((actor) => `through ${visible(actor)}`);
  return [`${visible(principal)}${owned}`, ...acting];
}

function statementLines({ command, whole, hold }: HoldView, limit: number): string[] {
  const all = visibleLines(command);
  const shown = all.slice(0, limit);
  if (shown.length < all.length)
    shown.push(
      paint("dim", `… ${counted(all.length - limit, "more line")}: sally approvals show ${hold}`),
    );
  if (!whole)
    shown.push(paint("red", "only its beginning can be read now, so it cannot be approved"));
  return shown;
}

const operationText = ({ action, resource, use, where, detail }: Operation): string => {
  const notes = [use, where === false ? "without WHERE" : undefined, detail].filter(
    (note) => note !== undefined,
  );
  return visible(`${action} ${resource.id}${notes.length > 0 ? ` (${notes.join(", ")})` : ""}`);
};

const conditionText = ({
  policy,
  group,
  quorum,
  reason,
  approvers,
}: HoldView["policies"][number]) =>
  `${visible(group)}: ${approvers.length} of ${quorum}, for ${visible(policy)}` +
  (reason === undefined ? "" : `: ${visible(reason)}`);

const answerText = (given: HoldView["answers"][number], now: number): string => {
  const said = given.answer === "approve" ? paint("green", "approved") : paint("red", "denied");
  const reason = given.reason === "" ? "" : `: ${visible(given.reason)}`;
  const since = given.revoked ? paint("red", ", and is revoked since: it counts no more") : "";
  return `${visible(given.principal)} ${said} ${span(now - Date.parse(given.time))} ago${since}${reason}`;
};

function noticeText(
  { webhook, type, attempts, problem, due }: NonNullable<HoldView["notices"]>[number],
  now: number,
): string {
  const next = due === undefined ? "" : `; again in ${span(Math.max(0, Date.parse(due) - now))}`;
  return visible(
    `${webhook} of ${type} (${counted(attempts, "attempt")}): ${problem ?? ""}${next}`,
  );
}

/** What one's answer has led to, as one line. */
export function outcomeText({ hold, state, policies }: HoldView, answer: string): string {
  const said = answer === "approve" ? "approved" : "denied";
  switch (state) {
    case "used":
      return `${said}: the command of hold ${hold} passes`;
    case "approved":
      return `${said}: whoever asked may send the command of hold ${hold} once more`;
    case "denied":
      return `${said}: the command of hold ${hold} is refused`;
    case "expired":
    case "withdrawn":
      return `hold ${hold} is ${state} by now: nothing passes`;
    case "open": {
      const missing = policies
        .filter(({ quorum, approvers }) => approvers.length < quorum)
        .map(
          ({ group, quorum, approvers }) =>
            `${counted(quorum - approvers.length, "more answer")} of ${visible(group)}`,
        );
      return answer === "approve" && missing.length > 0
        ? `${said}: hold ${hold} still needs ${missing.join(" and ")}`
        : `${said}: policy has not settled hold ${hold} yet`;
    }
  }
}
