import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CompletedPart,
  type CreateMultipartUploadCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";

const atOnce = 4;

/**
 * Creates an object of parts, only if its key is free: that is decided when the parts are put together. Parts that
 * come to nothing are taken back; those of a process that dies go by `clean`.
 */
export async function uploadInParts(
  client: S3Client,
  target: CreateMultipartUploadCommandInput,
  bytes: Uint8Array,
  partBytes: number,
): Promise<void> {
  const { Bucket, Key } = target;
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: "SHA256" }),
  );
  const upload = { Bucket, Key, UploadId };
  const put = async (number: number): Promise<CompletedPart> => {
    const part = bytes.subarray((number - 1) * partBytes, number * partBytes);
    const checksum = createHash("sha256").update(part).digest("base64");
    const { ETag } = await client.send(
      new UploadPartCommand({
        ...upload,
        PartNumber: number,
        Body: part,
        ChecksumSHA256: checksum,
      }),
    );
    return { PartNumber: number, ETag, ChecksumSHA256: checksum };
  };
  try {
    const count = Math.ceil(bytes.length / partBytes);
    const parts: CompletedPart[] = [];
    for (let first = 1; first <= count; first += atOnce) {
      const numbers = Array.from(
        { length: Math.min(atOnce, count - first + 1) },
        (_, index) => first + index,
      );
      parts.push(...(await Promise.all(numbers.map(put))));
    }
    await client.send(
      new CompleteMultipartUploadCommand({
        ...upload,
        IfNoneMatch: "*",
        MultipartUpload: { Parts: parts },
      }),
    );
  } catch (cause) {
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw cause;
  }
}
