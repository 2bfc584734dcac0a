import { SallyError, type ErrorCode } from "@sallyport/runtime";
import type { Verdict } from "@sallyport/contracts";
import type { Passage } from "../gate.ts";
import { errorResponse, noticeResponse, type MessageFields, type Said } from "@sallyport/pgwire";

/** What a client is told, and the code under which it is recorded. */
export interface Refusal {
  readonly code: string;
  readonly said: Omit<Said, "severity">;
}

/** An error of the catalogue in PostgreSQL's form. */
export function refusal(error: SallyError): Refusal {
  return {
    code: error.code,
    said: {
      sqlstate: error.sqlstate,
      message: error.message,
      detail: error.detail,
      hint: error.hint,
    },
  };
}

export const refusalOf = (
  code: ErrorCode,
  params: Readonly<Record<string, string | number>> = {},
  detail?: string,
): Refusal => refusal(new SallyError(code, detail === undefined ? { params } : { params, detail }));

/** What the target would say by itself, said by us before it runs: an unknown name, a syntax error. */
export const asTarget = (
  sqlstate: string,
  message: string,
  position?: number,
  hint?: string,
): Refusal => ({
  code: sqlstate === "42601" ? "syntax" : `target-${sqlstate}`,
  said: {
    sqlstate,
    message,
    position: position === undefined ? undefined : String(position),
    hint,
  },
});

/** A command that is not sent, for the target would pass it over. */
export const passedOver: Refusal = {
  code: "skipped",
  said: { sqlstate: "25P02", message: "an earlier command of the pipeline failed" },
};

/** A denial names each policy that decided, what it refused and why. */
export function denied(verdict: Verdict): Refusal {
  const lines = verdict.reasons.map(
    ({ policy, reason, operation }) =>
      `${policy}${operation === undefined ? "" : ` refuses ${operation}`}${
        reason === undefined ? "" : `: ${reason}`
      }`,
  );
  return refusalOf("policy-denied", {}, lines.join("\n") || undefined);
}

/** A command that a gate did not let pass: policy's reasons, or what its hold asks for. */
export function refusalAtGate({ code, verdict }: Extract<Passage, { kind: "closed" }>): Refusal {
  if (code === "policy-denied" && verdict) return denied(verdict);
  const conditions = verdict?.holds.map(
    ({ policy, group, quorum, reason }) =>
      `${policy} asks ${quorum} of ${group}${reason === undefined ? "" : `: ${reason}`}`,
  );
  const reasons = verdict?.reasons.map(({ policy, reason }) =>
    reason === undefined ? policy : `${policy}: ${reason}`,
  );
  return refusalOf(
    code,
    { hold: verdict?.hold?.id ?? "", limit: "time" },
    [...(conditions ?? []), ...(reasons ?? [])].join("\n") || undefined,
  );
}

export const errorFrame = ({ said }: Refusal, severity: "ERROR" | "FATAL" = "ERROR"): Buffer =>
  errorResponse({ ...said, severity });

export const noticeFrame = (message: string, detail?: string, hint?: string): Buffer =>
  noticeResponse({ severity: "NOTICE", sqlstate: "00000", message, detail, hint });

const severities = [
  "ERROR",
  "FATAL",
  "PANIC",
  "WARNING",
  "NOTICE",
  "DEBUG",
  "INFO",
  "LOG",
] as const;

/**
 * INVARIANT (I3): in place of what a target says while a masked column is touched. The SQLSTATE stays, and
 * the position, which the client's own text already holds; nothing that may quote a value does.
 */
export function withheld(fields: MessageFields, kind: "error" | "notice"): Buffer {
  const severity =
    severities.find((one) => one === (fields.severity ?? fields.severityLocalized)) ??
    (kind === "error" ? "ERROR" : "NOTICE");
  const error = new SallyError("target-text-withheld");
  const said: Said = {
    severity,
    sqlstate: fields.sqlstate ?? "XX000",
    message: error.message,
    hint: error.hint,
    position: fields.position,
  };
  return kind === "error" ? errorResponse(said) : noticeResponse(said);
}
