import { readFileSync } from "node:fs";
import { z } from "zod";
import { checkKey, type ArchiveStore } from "@sallyport/evidence";

const file = (name: string): string =>
  readFileSync(new URL(`../fixtures/0.1.0/${name}`, import.meta.url), "utf8");

/** A message of the bus as a deployment of version 0.1.0 sent it, or a value as it put it into a bucket. */
export interface OldMessage {
  readonly subject: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly data: Buffer;
  /** Its lines, when it is text. */
  readonly lines: readonly string[];
}

const Recorded = z.strictObject({
  subject: z.string(),
  headers: z.record(z.string(), z.string()).optional(),
  text: z.string().optional(),
  base64: z.string().optional(),
});

export const oldMessages: readonly OldMessage[] = file("messages.ndjson")
  .trim()
  .split("\n")
  .map((line) => {
    const { subject, headers, text, base64 } = Recorded.parse(JSON.parse(line));
    const data = text === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(text);
    const lines = (text ?? "").split("\n").filter(Boolean);
    return { subject, ...(headers && { headers }), data, lines };
  });

/** Messages, or values, whose subject begins so. */
export const oldOn = (prefix: string): OldMessage[] =>
  oldMessages.filter(({ subject, data }) => subject.startsWith(prefix) && data.length > 0);

/** Events of a type, as their lines. */
export const oldEvents = (type: string): string[] =>
  oldOn("sp.rec.")
    .flatMap(({ lines }) => lines)
    .filter((line) => (JSON.parse(line) as { type: string }).type === type);

const schemas = z.record(z.string(), z.json()).parse(JSON.parse(file("schemas.json")));

/** What a service of version 0.1.0 reads: strictly, so that it refuses a field that it does not know. */
export function readsOld(name: string): z.ZodType {
  const schema = schemas[name];
  if (schema === undefined) throw new Error(`version 0.1.0 had no \`${name}\``);
  return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
}

const Archived = z.strictObject({ signing: z.string(), objects: z.record(z.string(), z.string()) });
const archived = Archived.parse(JSON.parse(file("archive.json")));

/** PEM of the key by which that archive is verified. */
export const oldSigningKey = archived.signing;

/** The archive that the same deployment left. */
export const oldArchive: ArchiveStore = {
  putIfAbsent: (key) => Promise.reject(new Error(`\`${key}\`: this archive is only read`)),
  get(key, range) {
    checkKey(key);
    const bytes = archived.objects[key];
    if (bytes === undefined) return Promise.resolve(null);
    const whole = Buffer.from(bytes, "base64");
    return Promise.resolve(
      range ? whole.subarray(range.offset, range.offset + range.length) : whole,
    );
  },
  head(key) {
    const bytes = archived.objects[key];
    return Promise.resolve(
      bytes === undefined ? null : { bytes: Buffer.byteLength(bytes, "base64") },
    );
  },
  async *list(prefix, after = "") {
    for (const key of Object.keys(archived.objects).toSorted())
      if (key.startsWith(prefix) && key > after) yield key;
  },
};
