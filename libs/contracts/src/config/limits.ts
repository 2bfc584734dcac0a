import { z } from "zod";
import { Duration, Size } from "./values.ts";

const sessions = (whose: string) =>
  z
    .number()
    .int()
    .min(1)
    .optional()
    .describe(`sessions at a time of ${whose}, on all workers together; any when left out`);

export const Limits = z.strictObject({
  statement: Size.prefault("1MiB").describe("a statement's text and parameters"),
  unrecorded_output: Size.prefault("4MiB").describe(
    "how much of a session's output may leave before its record is acknowledged",
  ),
  result_size: Size.optional().describe(
    "rows or COPY data that a command may bring; any when left out",
  ),
  handshake: Duration.prefault("10s").describe("from a client's connecting to its token"),
  verdict: Duration.prefault("2s").describe("how long record and policy may take for a command"),
  record: Size.prefault("1GiB").describe("the bus's stream of events that wait for the archive"),
  output: Size.prefault("4GiB").describe("the bus's stream of results that wait for the archive"),
  sessions_per_principal: sessions("a principal"),
  sessions_per_connection: sessions("a connection"),
  idle: Duration.optional().describe("how long a session may be idle; any time when left out"),
  idle_in_transaction: Duration.optional().describe(
    "how long it may be idle inside a transaction; any time when left out",
  ),
  session: Duration.optional().describe("how long it may last at all; any time when left out"),
});
