import { resolve } from "node:path";
import { S3Archive, type Config } from "@sallyport/contracts";
import type { Archive } from "./archive-store.ts";
import { DirectoryStore } from "./directory-store.ts";

/** Of a loaded config: the archive, and how its relative paths become absolute. */
interface Configured {
  readonly config: Pick<Config, "archive">;
  resolve(relative: string): string;
}

/** The archive that a config names. Only what archives on S3 loads the client for it. */
export async function openArchive(loaded: Configured): Promise<Archive> {
  const { directory, s3 } = loaded.config.archive;
  return s3 === undefined ? new DirectoryStore(loaded.resolve(directory)) : openS3(s3);
}

/** An archive by its name: a directory, or `s3://bucket/prefix`. @throws Error when it is no such name */
export async function openPlace(place: string): Promise<Archive> {
  const named = /^s3:\/\/([^/]+)\/?(.*?)\/?$/.exec(place);
  if (named === null) return new DirectoryStore(resolve(place));
  const [, bucket, prefix] = named;
  const s3 = S3Archive.safeParse({ bucket, prefix });
  if (!s3.success) throw new Error(`\`${place}\` is no place such as \`s3://bucket/prefix\``);
  return openS3(s3.data);
}

async function openS3(place: S3Archive): Promise<Archive> {
  const { S3Store } = await import("./s3-store.ts");
  return new S3Store(place);
}
