import { randomFillSync } from "node:crypto";

/** W3C Trace Context, version 00: 16 bytes of trace, 8 of the span that asks, flags. */
export interface Trace {
  readonly trace: string;
  readonly span: string;
  readonly sampled: boolean;
}

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const random = Buffer.alloc(24);

/** A `traceparent` of a new trace. */
export function newTrace(): string {
  randomFillSync(random);
  return `00-${random.toString("hex", 0, 16)}-${random.toString("hex", 16, 24)}-01`;
}

/** Reads a `traceparent`; null when it is none, or all zeros. */
export function parseTrace(traceparent: string): Trace | null {
  const [, trace = "", span = "", flags = ""] = form.exec(traceparent) ?? [];
  if (/^0*$/.test(trace) || /^0*$/.test(span)) return null;
  return { trace, span, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The same trace with a new span beneath; a new trace when `traceparent` is none. */
export function childTrace(traceparent: string): string {
  if (parseTrace(traceparent) === null) return newTrace();
  randomFillSync(random, 0, 8);
  return `${traceparent.slice(0, 36)}${random.toString("hex", 0, 8)}${traceparent.slice(52)}`;
}
