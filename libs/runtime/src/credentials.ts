import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Name } from "@sallyport/contracts";
import { readPrivateFile, writePrivateFile } from "./data-directory.ts";

export const BusRole = z.enum([
  "worker",
  "policy",
  "approval",
  "authn",
  "recorder",
  "operator",
  "setup",
]);
export type BusRole = z.infer<typeof BusRole>;

/** A user of the bus: who it is there, and its NATS nkey seed (`SU…`). */
export const BusCredentials = z.strictObject({
  v: z.literal(1),
  role: BusRole,
  user: Name,
  partition: z.number().int().nonnegative(),
  seed: z.string().regex(/^SU[A-Z2-7]{56}$/),
});
export type BusCredentials = z.infer<typeof BusCredentials>;

const fileOf = (directory: string, user: string): string => join(directory, `${user}.json`);

export const hasCredentials = (directory: string, user: string): boolean =>
  existsSync(fileOf(directory, user));

/** Reads `<directory>/<user>.json`, mode 0600; errors never show its content. */
export function readCredentials(directory: string, user: string): BusCredentials {
  const file = fileOf(directory, user);
  if (!existsSync(file))
    throw new Error(`no bus credentials for \`${user}\`: \`${file}\` is not there`);
  const credentials = BusCredentials.safeParse(parseJson(readPrivateFile(file)));
  if (!credentials.success || credentials.data.user !== user)
    throw new Error(`\`${file}\` does not hold bus credentials of \`${user}\``);
  return credentials.data;
}

export function writeCredentials(directory: string, credentials: BusCredentials): void {
  writePrivateFile(fileOf(directory, credentials.user), `${JSON.stringify(credentials)}\n`);
}

/** Null when it is none: an error of JSON.parse would quote the seed. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
