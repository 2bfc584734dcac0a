import { z } from "zod";
import { Detect } from "../detectors.ts";
import { off, SecretRef } from "./values.ts";

const tag = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, "a tag such as `pii` (`builtin:` is ours)");

const PostgresTarget = z.strictObject({
  host: z.string().min(1).describe("its name or address"),
  port: z.number().int().min(1).max(65_535).default(5432).describe("its port"),
  database: z.string().min(1).describe("the database there"),
  tls: z
    .union([off, z.enum(["require", "verify-full"])])
    .prefault("verify-full")
    .describe("`require` verifies no certificate"),
  ca: z
    .string()
    .optional()
    .describe("PEM file of the authority for `verify-full`; the system's when left out"),
});

export const Connection = z.strictObject({
  protocol: z.literal("postgres").describe("what is spoken"),
  target: PostgresTarget.describe("the server behind it: PostgreSQL 15 to 18"),
  credentials: z
    .strictObject({
      username: z.string().min(1).describe("the gateway's own account"),
      password: SecretRef.optional().describe(
        "named, never written: `{ env: … }` or `{ file: … }`",
      ),
    })
    .describe("how a worker logs in to the target; clients never see it"),
  tags: z
    .array(tag)
    .max(32)
    .default([])
    .describe('of the whole connection: `resource in Tag::"…"` in a policy'),
  columns: z
    .record(z.string(), z.array(tag).min(1).max(32))
    .default({})
    .describe(
      "classification: schema.table.column, as quote_ident writes it, or a path in json (`public.orders.doc#>{a,b}`), to tags",
    ),
  record: z
    .enum(["rows", "digest", "none"])
    .default("rows")
    .describe(
      "what the evidence keeps of results, as they left: all of them, their hash, or neither",
    ),
  detect: Detect.optional().describe(
    "what is looked for, and masked, in texts of columns that nobody classified: `[card, secret]`, or with a masker each",
  ),
});
export type Connection = z.infer<typeof Connection>;
