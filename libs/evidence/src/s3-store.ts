import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import {
  AbortMultipartUploadCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { S3Archive } from "@sallyport/contracts";
import {
  abandonedAfter,
  checkKey,
  isKey,
  objectLimit,
  type Archive,
  type ByteRange,
} from "./archive-store.ts";
import { answeredCode, answeredStatus, s3Client, s3Error } from "./s3-client.ts";
import { uploadInParts } from "./s3-upload.ts";

/** An object over this goes up in parts of this size. */
const partBytes = 8 * 1024 ** 2;
/** Creations of one object that meet are told to come again (409), not who won. */
const meetings = 8;
/** Reads whose connection is cut after the answer has begun, which the SDK does not try again. */
const cuts = 3;

/** An archive in an S3 bucket, or in a prefix of one. Everything that can be is tried again, with backoff. */
export class S3Store implements Archive {
  readonly place: string;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #lock: S3Archive["lock"];
  readonly #client: S3Client;

  constructor(place: S3Archive) {
    const { bucket, prefix, lock } = place;
    this.place = `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}`;
    this.#bucket = bucket;
    this.#prefix = prefix === "" ? "" : `${prefix}/`;
    this.#lock = lock;
    this.#client = s3Client(place);
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<"created" | "exists"> {
    checkKey(key);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#create(key, bytes);
        return "created";
      } catch (cause) {
        if (answeredStatus(cause) === 412) return "exists";
        if (answeredStatus(cause) !== 409 || attempt === meetings)
          throw this.#error("create", key, cause);
        await delay(Math.random() * Math.min(2000, 50 * 2 ** attempt));
      }
    }
  }

  async get(key: string, range?: ByteRange): Promise<Buffer | null> {
    checkKey(key);
    if (range?.length === 0) return (await this.head(key)) === null ? null : Buffer.alloc(0);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#read(key, range);
      } catch (cause) {
        if (answeredCode(cause) === "NoSuchKey") return null;
        // It begins past the end.
        if (answeredStatus(cause) === 416) return Buffer.alloc(0);
        if (!(cause instanceof CutOff) || attempt === cuts) throw this.#error("read", key, cause);
      }
    }
  }

  async head(key: string): Promise<{ readonly bytes: number } | null> {
    checkKey(key);
    try {
      const { ContentLength = 0 } = await this.#client.send(new HeadObjectCommand(this.#at(key)));
      return { bytes: ContentLength };
    } catch (cause) {
      if (answeredStatus(cause) === 404) return null;
      throw this.#error("look for", key, cause);
    }
  }

  async *list(prefix: string, after = ""): AsyncIterable<string> {
    let token: string | undefined;
    do {
      const page = await this.#page(prefix, after, token);
      // What is no key is not ours: consoles make markers such as `manifests/`.
      for (const key of page.keys) if (isKey(key)) yield key;
      token = page.next;
    } while (token !== undefined);
  }

  async clean(now: number): Promise<void> {
    try {
      const { Uploads = [] } = await this.#client.send(
        new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: this.#prefix }),
      );
      for (const { Key, UploadId, Initiated } of Uploads) {
        if (Initiated === undefined || now - Initiated.getTime() <= abandonedAfter) continue;
        await this.#client.send(
          new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId }),
        );
      }
    } catch (cause) {
      throw s3Error(`cannot clean ${this.place}`, cause);
    }
  }

  /** Object Lock of the bucket: `off`, `on`, or its default retention, such as `compliance, 365 days`. */
  async objectLock(): Promise<string> {
    try {
      const { ObjectLockConfiguration: found } = await this.#client.send(
        new GetObjectLockConfigurationCommand({ Bucket: this.#bucket }),
      );
      if (found?.ObjectLockEnabled !== "Enabled") return "off";
      const retention = found.Rule?.DefaultRetention;
      if (retention?.Mode === undefined) return "on";
      const time =
        retention.Years === undefined ? `${retention.Days} days` : `${retention.Years} years`;
      return `${retention.Mode.toLowerCase()}, ${time}`;
    } catch (cause) {
      if (answeredCode(cause) === "ObjectLockConfigurationNotFoundError") return "off";
      throw s3Error(`cannot ask ${this.place} for its Object Lock`, cause);
    }
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  async #create(key: string, bytes: Uint8Array): Promise<void> {
    const target = { ...this.#at(key), ...this.#retention() };
    if (bytes.length > partBytes) {
      await uploadInParts(this.#client, target, bytes, partBytes);
      return;
    }
    await this.#client.send(
      new PutObjectCommand({
        ...target,
        Body: bytes,
        IfNoneMatch: "*",
        ChecksumSHA256: createHash("sha256").update(bytes).digest("base64"),
      }),
    );
  }

  #retention() {
    if (this.#lock === undefined) return {};
    const { mode, days } = this.#lock;
    return {
      ObjectLockMode: mode === "compliance" ? ("COMPLIANCE" as const) : ("GOVERNANCE" as const),
      ObjectLockRetainUntilDate: new Date(Date.now() + days * 86_400_000),
    };
  }

  async #read(key: string, range: ByteRange | undefined): Promise<Buffer> {
    const { Body, ContentLength = 0 } = await this.#client.send(
      new GetObjectCommand({
        ...this.#at(key),
        ...(range === undefined
          ? { ChecksumMode: "ENABLED" as const }
          : { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
      }),
    );
    if (!(Body instanceof Readable)) throw new Error("the answer has no body");
    if (ContentLength > objectLimit) {
      Body.destroy();
      return this.#read(key, { offset: 0, length: objectLimit });
    }
    return buffer(Body).catch((cause: unknown) => {
      throw new CutOff(cause instanceof Error ? cause.message : String(cause));
    });
  }

  async #page(
    prefix: string,
    after: string,
    token: string | undefined,
  ): Promise<{ keys: string[]; next: string | undefined }> {
    try {
      const answer = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: this.#prefix + prefix,
          ...(after !== "" && { StartAfter: this.#prefix + after }),
          ...(token !== undefined && { ContinuationToken: token }),
        }),
      );
      const keys = (answer.Contents ?? []).flatMap(
        ({ Key }) => Key?.slice(this.#prefix.length) ?? [],
      );
      return { keys, next: answer.IsTruncated === true ? answer.NextContinuationToken : undefined };
    } catch (cause) {
      throw s3Error(`cannot list ${this.place}/${prefix}`, cause);
    }
  }

  #error(doing: string, key: string, cause: unknown): Error {
    return s3Error(`cannot ${doing} ${this.place}/${key}`, cause);
  }
}

/** The answer began and did not end. */
class CutOff extends Error {}
