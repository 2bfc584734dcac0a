import { z } from "zod";
import { Name } from "../ids.ts";
import { Approvals } from "./approvals.ts";
import { ArchiveConfig } from "./archive.ts";
import { Connection } from "./connection.ts";
import { Issuer, issuerName } from "./identity.ts";
import { Limits } from "./limits.ts";
import { Listen } from "./listen.ts";
import { TelemetryConfig } from "./telemetry.ts";
import { Duration, off } from "./values.ts";

/** sallyport.yaml. Relative paths are relative to the file. Descriptions are for editors, and say what a key is for. */
export const Config = z.strictObject({
  $schema: z.string().optional().describe("this schema, for an editor"),
  listen: Listen.prefault({}).describe("where the services listen: loopback, or with TLS"),
  nats: z
    .strictObject({
      servers: z.array(z.string()).min(1).describe("such as `nats://127.0.0.1:4222`"),
      credentials: z.string().min(1).describe("folder of the bus keys, one file a user"),
      monitoring: z
        .url()
        .optional()
        .describe(
          "the server's monitoring page, where its durability can be read; without it that counts as `buffered`",
        ),
    })
    .optional()
    .describe(
      "a nats-server of your own (infra/nats/README.md); `sally up` starts one when left out",
    ),
  keys: z
    .strictObject({ directory: z.string().min(1).describe("one file a key") })
    .optional()
    .describe("masking, sealing and signing keys; in the data directory when left out"),
  durability: z
    .enum(["fsync", "replicated", "buffered"])
    .default("buffered")
    .describe(
      "what an acknowledgement of the bus is to be worth; checked as far as the server tells",
    ),
  identity: z
    .strictObject({
      issuers: z
        .record(issuerName, Issuer)
        .refine((all) => Object.keys(all).length > 0, "at least one issuer")
        .describe("by the name that principals (`corp#alice`) and groups (`corp/dba`) carry"),
    })
    .describe("whose tokens are taken"),
  connections: z
    .record(Name, Connection)
    .describe("targets, by the name that clients give as their database"),
  policies: z
    .union([
      z
        .string()
        .min(1)
        .transform((directory) => ({ directory, baseline: true })),
      z.strictObject({
        directory: z.string().min(1).describe("folder of the *.cedar files"),
        baseline: z
          .union([z.literal("on"), z.literal(true), off])
          .default("on")
          .transform((value) => value !== "off")
          .describe("whether the policies that come with Sallyport are loaded, too"),
      }),
    ])
    .describe("folder of the *.cedar files and their tests"),
  approvals: Approvals.prefault({}).describe("people who answer holds"),
  archive: ArchiveConfig.prefault({}).describe("where evidence is kept"),
  limits: Limits.prefault({}).describe("what a session or a command may take"),
  telemetry: TelemetryConfig.optional().describe("traces and metrics; off when left out"),
  drain: Duration.prefault("30s").describe("how long live sessions have after SIGTERM"),
  log: z
    .enum(["debug", "info", "warn", "error"])
    .default("info")
    .describe("the lowest level that is logged"),
});
export type Config = z.infer<typeof Config>;
/** The same as people write it. */
export type ConfigText = z.input<typeof Config>;
