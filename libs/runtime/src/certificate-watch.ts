import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Log } from "./log.ts";

/** PEM: the certificate (with its chain), and its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** @throws Error when the files cannot be read, or do not belong together: an empty one would be taken for none */
export function readCertificate(files: CertificateFiles): Certificate {
  const cert = readFileSync(files.cert, "utf8");
  const key = readFileSync(files.key, "utf8");
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error(`\`${files.key}\` is not the key of \`${files.cert}\``);
  return { cert, key };
}

/**
 * Reads certificate files from time to time and compares what they hold: that sees a replaced file, a swapped link
 * and a new mount alike. What cannot be used (half written, or of another key) is told once, and the old one stays.
 */
export class CertificateWatch {
  readonly #files: CertificateFiles;
  readonly #use: (certificate: Certificate) => void;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  /** What was seen last, usable or not, as a hash: the key is not kept. */
  #seen: string;

  /** @param first what is in use @param every milliseconds */
  constructor(
    options: {
      readonly files: CertificateFiles;
      readonly use: (certificate: Certificate) => void;
      readonly every: number;
      readonly log: Log;
    },
    first: Certificate,
  ) {
    this.#files = options.files;
    this.#use = options.use;
    this.#log = options.log;
    this.#seen = hash(first);
    this.#timer = setInterval(() => this.look(), options.every).unref();
  }

  /** Looks now. True when another certificate is used from now on. */
  look(): boolean {
    let seen = "unreadable";
    try {
      const certificate = readCertificate(this.#files);
      seen = hash(certificate);
      if (seen === this.#seen) return false;
      this.#use(certificate);
      this.#seen = seen;
      this.#log.info("a new certificate is in use");
      return true;
    } catch (err) {
      if (seen !== this.#seen)
        this.#log.warn({ err }, "the new certificate cannot be used; the old one stays");
      this.#seen = seen;
      return false;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const hash = ({ cert, key }: Certificate): string =>
  createHash("sha256").update(cert).update("\0").update(key).digest("base64");
