import { S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import type { S3Archive } from "@sallyport/contracts";

/** Milliseconds: to a connection, and of silence on one. */
const connectWithin = 3000;
const silence = 10_000;
/** With what stands between them, at most 20 s each: what throttles asks for seconds. */
const attempts = 4;

/** A client for one bucket. Credentials and, where the config is silent, region and endpoint come by the SDK's chain. */
export function s3Client({ region, endpoint, path_style }: S3Archive): S3Client {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION } = process.env;
  const elsewhere = endpoint ?? AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL;
  // Servers other than Amazon's have one region, and most do not care what it is called.
  const named = region ?? (elsewhere === undefined ? undefined : (AWS_REGION ?? "us-east-1"));
  return new S3Client({
    ...(named !== undefined && { region: named }),
    ...(endpoint !== undefined && { endpoint }),
    forcePathStyle: path_style ?? elsewhere !== undefined,
    retryMode: "standard",
    maxAttempts: attempts,
    // Checksums are named call by call: a part of an object has none.
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: connectWithin, socketTimeout: silence },
  });
}

/** The server's answer by its code, such as `NoSuchKey`; null when there was none. */
export function answeredCode(cause: unknown): string | null {
  return cause instanceof S3ServiceException ? cause.name : null;
}

export const answeredStatus = (cause: unknown): number | null =>
  cause instanceof S3ServiceException ? (cause.$metadata.httpStatusCode ?? null) : null;

/**
 * What went wrong, in one line for people. The SDK's own errors carry the whole request, and the one for a
 * connection to several addresses says nothing.
 */
export function s3Error(doing: string, cause: unknown): Error {
  const status = answeredStatus(cause);
  const text = textOf(cause);
  return new Error(
    `${doing}: ${status === null ? text : `${answeredCode(cause)} (${status}): ${text}`}`,
  );
}

function textOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause instanceof AggregateError && cause.message === "")
    return cause.errors.map(textOf).join(", ");
  return cause.message.split("\n", 1)[0] ?? cause.name;
}
