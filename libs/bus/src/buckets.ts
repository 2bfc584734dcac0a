import { headers, type Msg } from "@nats-io/transport-node";
import type { z } from "zod";
import { otherVersion } from "@sallyport/contracts";
import type { Bus } from "./connect.ts";
import { parseLine } from "./lines.ts";
import { readPubAck } from "./pub-ack.ts";

/** A value in a bucket; `revision` is its sequence in the bucket. */
export interface Entry<T> {
  readonly key: string;
  readonly value: T;
  readonly revision: number;
}

/** A bucket did not answer, or holds what it must not hold. After one on a write, whether it happened is unknown. */
export class BucketError extends Error {
  constructor(bucket: string, key: string, problem: string, cause?: unknown) {
    super(`bucket \`${bucket}\`, key \`${key}\`: ${problem}`, { cause });
    this.name = "BucketError";
  }
}

const timeout = 2000;
const expectedRevision = "Nats-Expected-Last-Subject-Sequence";
const operation = "KV-Operation";
/** JetStream: the last sequence of the subject is not the expected one. */
const wrongRevision = new Set([10071, 10164]);

/** One value of a bucket as its stream holds it; `value` is null where it was deleted. */
export interface Stored {
  readonly revision: number;
  readonly value: Uint8Array | null;
}

/** A key-value bucket whose values are JSON of one schema. Reads ask the nearest replica, writes compare and set. */
export class Bucket<T> {
  readonly name: string;
  readonly #bus: Bus;
  readonly #schema: z.ZodType<T>;

  constructor(bus: Bus, name: string, schema: z.ZodType<T>) {
    this.#bus = bus;
    this.name = name;
    this.#schema = schema;
  }

  /**
   * The value of a key, or null.
   * @throws {BucketError} when nobody answers, or the value does not fit the schema
   */
  async get(key: string): Promise<Entry<T> | null> {
    const stored = await this.#last(key);
    return stored?.value ? this.read(key, stored.value, stored.revision) : null;
  }

  /** Writes a key that has no value; null when it has one. Else the revision. */
  async create(key: string, value: T): Promise<number | null> {
    const created = await this.#write(key, JSON.stringify(value), 0);
    if (created !== null) return created;
    const last = await this.#last(key);
    return last === null || last.value !== null
      ? null
      : this.#write(key, JSON.stringify(value), last.revision);
  }

  /** Replaces the value at `revision`; null when it is another by now. Else the new revision. */
  update(key: string, value: T, revision: number): Promise<number | null> {
    return this.#write(key, JSON.stringify(value), revision);
  }

  /** Writes whatever was there; the new revision. */
  async put(key: string, value: T): Promise<number> {
    const revision = await this.#write(key, JSON.stringify(value), undefined);
    if (revision === null) throw new BucketError(this.name, key, "the write was refused");
    return revision;
  }

  /** Deletes the value at `revision`; false when it is another by now. */
  async delete(key: string, revision: number): Promise<boolean> {
    return (await this.#write(key, "", revision, "DEL")) !== null;
  }

  /** Reads bytes of this bucket as its schema says. */
  read(key: string, value: Uint8Array, revision: number): Entry<T> {
    const found = parseLine(value);
    const parsed = this.#schema.safeParse(found);
    if (!parsed.success)
      throw new BucketError(
        this.name,
        key,
        otherVersion(found) ?? "its value is not what it must be",
      );
    return { key, value: parsed.data, revision };
  }

  async #last(key: string): Promise<Stored | null> {
    const subject = `$KV.${this.name}.${key}`;
    const answer = await this.#request(key, `$JS.API.DIRECT.GET.KV_${this.name}.${subject}`, "");
    if (answer.headers?.code === 404) return null;
    const revision = Number(answer.headers?.get("Nats-Sequence"));
    if (
      answer.headers?.get("Nats-Stream") !== `KV_${this.name}` ||
      answer.headers.get("Nats-Subject") !== subject ||
      !Number.isSafeInteger(revision) ||
      revision <= 0
    )
      throw new BucketError(this.name, key, "the answer is none to a read");
    const deleted = answer.headers.get(operation) !== "";
    return { revision, value: deleted ? null : answer.data };
  }

  async #write(
    key: string,
    text: string,
    revision: number | undefined,
    verb?: "DEL",
  ): Promise<number | null> {
    const fields = headers();
    if (revision !== undefined) fields.set(expectedRevision, String(revision));
    if (verb) fields.set(operation, verb);
    const answer = await this.#request(key, `$KV.${this.name}.${key}`, text, fields);
    const ack = readPubAck(answer, `KV_${this.name}`);
    switch (ack.kind) {
      case "stored":
        return ack.seq;
      case "refused":
        if (revision !== undefined && wrongRevision.has(ack.error)) return null;
        throw new BucketError(this.name, key, ack.why);
      case "strange":
        this.#bus.alarms.raise("pub-ack", "an acknowledgement is none", { why: ack.why });
        throw new BucketError(this.name, key, ack.why);
    }
  }

  async #request(
    key: string,
    subject: string,
    text: string,
    fields?: ReturnType<typeof headers>,
  ): Promise<Msg> {
    if (!this.#bus.connected) throw new BucketError(this.name, key, "the bus is away");
    try {
      return await this.#bus.nats.request(subject, text, {
        timeout,
        ...(fields && { headers: fields }),
      });
    } catch (cause) {
      throw new BucketError(this.name, key, "nobody answered", cause);
    }
  }
}
