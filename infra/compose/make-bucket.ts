import { BucketAlreadyOwnedByYou, CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";

/** Makes the archive's bucket, with Object Lock: `make-bucket.ts ENDPOINT BUCKET`. One that is there stays as it is. */
async function main([endpoint = "", bucket = ""]: readonly string[]): Promise<void> {
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    maxAttempts: 8,
  });
  try {
    await client.send(
      new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }),
    );
    process.stdout.write(`made the bucket ${bucket}\n`);
  } catch (cause) {
    const there =
      cause instanceof BucketAlreadyOwnedByYou ||
      (cause instanceof Error && cause.name === "BucketAlreadyExists");
    if (!there) throw cause;
    process.stdout.write(`the bucket ${bucket} is there\n`);
  }
}

main(process.argv.slice(2)).catch((cause: unknown) => {
  process.stderr.write(
    `${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}\n`,
  );
  process.exitCode = 1;
});
