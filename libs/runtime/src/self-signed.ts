import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { readPrivateFile, writePrivateFile } from "./data-directory.ts";

/** PEM files of a listener's own certificate, and of the authority that signed it, for clients to trust. */
export interface SelfSigned {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export const selfSignedFiles = (directory: string): SelfSigned => ({
  ca: join(directory, "ca.pem"),
  cert: join(directory, "server.pem"),
  key: join(directory, "server.key"),
});

const day = 86_400_000;
const ec = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;

/**
 * Makes the authority once (10 years), and under it a certificate for `names` (90 days) when there is none, it lacks
 * a name, or has less than 30 days left. Names are host names or IP addresses.
 */
export async function makeSelfSigned(
  directory: string,
  names: readonly string[],
  now: number = Date.now(),
): Promise<SelfSigned> {
  // Loaded when it is used: it takes longer than most commands of the CLI run.
  const { generate } = await import("selfsigned");
  const files = selfSignedFiles(directory);
  const caKey = join(directory, "ca.key");
  if (!existsSync(caKey) || !existsSync(files.ca)) {
    const made = await generate([{ name: "commonName", value: "Sallyport own authority" }], {
      ...ec,
      notBeforeDate: new Date(now - day),
      notAfterDate: new Date(now + 3650 * day),
      extensions: [
        { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
        { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
      ],
    });
    writePrivateFile(caKey, made.private);
    writePrivateFile(files.ca, made.cert);
  }
  if (isCurrent(files, names, now)) return files;
  const made = await generate([{ name: "commonName", value: names[0] ?? "localhost" }], {
    ...ec,
    notBeforeDate: new Date(now - day),
    notAfterDate: new Date(now + 90 * day),
    ca: { key: readPrivateFile(caKey), cert: readFileSync(files.ca, "utf8") },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: names.map((name) =>
          isIP(name) > 0 ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
        ),
      },
    ],
  });
  writePrivateFile(files.key, made.private);
  writePrivateFile(files.cert, made.cert);
  return files;
}

function isCurrent(files: SelfSigned, names: readonly string[], now: number): boolean {
  if (!existsSync(files.cert) || !existsSync(files.key)) return false;
  const certificate = new X509Certificate(readFileSync(files.cert));
  return (
    certificate.verify(new X509Certificate(readFileSync(files.ca)).publicKey) &&
    certificate.validToDate.getTime() - now > 30 * day &&
    names.every((name) =>
      isIP(name) > 0 ? certificate.checkIP(name) : certificate.checkHost(name),
    )
  );
}
