import { readFileSync } from "node:fs";
import { z } from "zod";

/** Who is known here, in the file that IDENTITIES names; `infra/compose/prepare` makes one with random secrets. */
const Identities = z.strictObject({
  issuer: z.url(),
  certificate: z.string(),
  key: z.string(),
  /** Jobs and services, by client id. */
  jobs: z.record(
    z.string(),
    z.strictObject({ secret: z.string(), groups: z.array(z.string()), owner: z.string() }),
  ),
  people: z.record(
    z.string(),
    z.strictObject({ password: z.string(), groups: z.array(z.string()) }),
  ),
});
export type Identities = z.infer<typeof Identities>;

export function readIdentities(): Identities {
  const file = process.env["IDENTITIES"];
  if (file === undefined) throw new Error("IDENTITIES names no file");
  return Identities.parse(JSON.parse(readFileSync(file, "utf8")));
}
