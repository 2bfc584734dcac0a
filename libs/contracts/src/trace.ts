import { z } from "zod";

/** W3C Trace Context `traceparent`, version 00: of the span that an event belongs to. */
export const Trace = z.string().regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
