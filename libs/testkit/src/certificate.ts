import { generate } from "selfsigned";

export interface Certificate {
  /** PEM. Self-signed, so it is its own authority for whoever wants to verify it. */
  certificate: string;
  /** PEM, PKCS #8. */
  key: string;
}

/** A certificate for `localhost` and 127.0.0.1, or for the names given, valid for a day. */
export async function makeCertificate(
  names: readonly string[] = ["localhost"],
): Promise<Certificate> {
  const now = Date.now();
  const pems = await generate([{ name: "commonName", value: names[0] ?? "localhost" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now - 3_600_000),
    notAfterDate: new Date(now + 86_400_000),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true, critical: true },
      {
        name: "subjectAltName",
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          { type: 7 as const, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  return { certificate: pems.cert, key: pems.private };
}
