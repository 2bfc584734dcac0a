import { z } from "zod";
import { Duration } from "./values.ts";

/** What an archive on S3 is; credentials come from the SDK's own chain, never from here. */
export const S3Archive = z.strictObject({
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a bucket's name")
    .describe("the bucket's name"),
  prefix: z
    .string()
    .max(256)
    .regex(
      /^([A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*)?$/,
      "a prefix such as `sallyport/production`",
    )
    .default("")
    .describe("before every key, without a slash at its ends"),
  region: z
    .string()
    .min(1)
    .optional()
    .describe("what the SDK's chain says when left out; `us-east-1` with an endpoint"),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("of an S3 server other than Amazon's"),
  path_style: z
    .boolean()
    .optional()
    .describe(
      "whether the bucket stands in the path of URLs; by default it does with an `endpoint`",
    ),
  lock: z
    .strictObject({
      mode: z.enum(["governance", "compliance"]).describe("of Object Lock"),
      days: z.number().int().min(1).max(36_500).describe("how long nobody deletes an object"),
    })
    .optional()
    .describe(
      "retention of each object, in a bucket with Object Lock; the bucket's own when left out",
    ),
});
export type S3Archive = z.infer<typeof S3Archive>;

export const ArchiveConfig = z.strictObject({
  directory: z.string().min(1).default("./archive").describe("where evidence is kept"),
  every: Duration.prefault("10s").describe("how long what was recorded may wait to be archived"),
  s3: S3Archive.optional().describe("a bucket instead of a directory"),
});
