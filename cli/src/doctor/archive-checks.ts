import { existsSync } from "node:fs";
import { DirectoryStore, openArchive, type Archive } from "@sallyport/evidence";
import type { LoadedConfig } from "@sallyport/runtime";
import { fail, ok, reason, warn, type Check } from "./check.ts";

/** What the archive can do, with the rights of whoever runs this. */
export async function archiveChecks(loaded: LoadedConfig): Promise<Check[]> {
  const archive = await openArchive(loaded);
  if (archive instanceof DirectoryStore) return [directoryCheck(archive)];
  const { S3Store } = await import("@sallyport/evidence/s3");
  const found = [await readCheck(archive)];
  if (found.some(({ state }) => state === "fail")) return found;
  found.push(await creationCheck(archive));
  if (archive instanceof S3Store)
    found.push(await lockCheck(() => archive.objectLock(), loaded.config.archive.s3?.lock));
  return found;
}

function directoryCheck({ directory }: DirectoryStore): Check {
  return existsSync(directory)
    ? ok("archive", `is the directory \`${directory}\``)
    : warn(
        "archive",
        `there is no directory \`${directory}\` yet`,
        "the recorder makes it when it has something to keep",
      );
}

async function readCheck(archive: Archive): Promise<Check> {
  try {
    for await (const _ of archive.list("manifests/")) break;
    return ok("archive", `${archive.place} answers`);
  } catch (error) {
    return fail(
      "archive",
      reason(error),
      "compare `archive.s3` with the bucket, and the credentials of the SDK's chain (AWS_…) with its rights",
    );
  }
}

/** The same small object at each run: what is created once is never changed. */
const probe = "doctor/conditional-create";

async function creationCheck(archive: Archive): Promise<Check> {
  const about = "archive conditional create";
  try {
    await archive.putIfAbsent(probe, Buffer.from("one\n"));
    return (await archive.putIfAbsent(probe, Buffer.from("two\n"))) === "exists"
      ? ok(about, "an object that is there is not written again")
      : fail(
          about,
          "an object that is there is written again",
          "use an S3 server that keeps `If-None-Match: *`: two recorders could write over each other's evidence",
        );
  } catch (error) {
    return warn(
      about,
      `not tried: ${reason(error)}`,
      "run this with the recorder's rights; reading takes fewer",
    );
  }
}

async function lockCheck(
  ask: () => Promise<string>,
  wanted: { readonly mode: string; readonly days: number } | undefined,
): Promise<Check> {
  const about = "archive Object Lock";
  const own =
    wanted &&
    `; each object is locked by \`archive.s3.lock\` (${wanted.mode}, ${wanted.days} days)`;
  try {
    const lock = await ask();
    if (lock === "off")
      return wanted
        ? fail(
            about,
            "`archive.s3.lock` wants it, and the bucket has none",
            "make a bucket with Object Lock, or leave `lock` out",
          )
        : warn(
            about,
            "off: whoever may delete objects can delete evidence",
            "a bucket with Object Lock keeps them; it is chosen when the bucket is made",
          );
    if (lock === "on" && !wanted)
      return warn(
        about,
        "on, but nothing is locked: the bucket has no default retention",
        "give the bucket one, or set `archive.s3.lock`",
      );
    return ok(about, `${lock}${own ?? ""}`);
  } catch (error) {
    return warn(
      about,
      `not seen: ${reason(error)}`,
      "it takes s3:GetBucketObjectLockConfiguration",
    );
  }
}
