import { z } from "zod";

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** W3C Trace Context `traceparent`, version 00: of the span that an event belongs to. */
export const Trace = z.string().regex(form);

/** What a `traceparent` says: 16 bytes of trace, 8 of the span, as hexadecimal digits. */
export interface TraceContext {
  readonly trace: string;
  readonly span: string;
  readonly flags: number;
  readonly sampled: boolean;
}

/** Reads a `traceparent`; null when it is none, or all zeros, which Trace Context calls invalid. */
export function parseTrace(traceparent: string): TraceContext | null {
  const [, trace = "", span = "", digits = ""] = form.exec(traceparent) ?? [];
  if (/^0*$/.test(trace) || /^0*$/.test(span)) return null;
  const flags = Number.parseInt(digits, 16);
  return { trace, span, flags, sampled: (flags & 1) === 1 };
}
