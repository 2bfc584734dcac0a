import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from "node:crypto";
import { randomBytes } from "node:crypto";
import { handleBytes, handleOf } from "@sallyport/contracts";

const nonceBytes = 12;
const tagBytes = 16;

/**
 * The secrets of handles, from authn's sealing key: every process of authn has it, nobody else. A token always has the
 * same handle, so asking again makes no second secret; what a handle stands for can be read, or made up, only with
 * both the handle and authn's key.
 */
export class HandleBox {
  readonly #naming: Buffer;
  readonly #sealing: Buffer;

  constructor(sealingKey: string) {
    this.#naming = derive(sealingKey.trim(), "sallyport handle name");
    this.#sealing = derive(sealingKey.trim(), "sallyport handle contents");
  }

  handleOf(token: string): string {
    const bits = createHmac("sha256", this.#naming).update(token).digest();
    return handleOf(bits.subarray(0, handleBytes));
  }

  /** What its contents are stored under; tells nothing about it. */
  hashOf(handle: string): string {
    return createHash("sha256").update(handle).digest("hex");
  }

  /** Base64. */
  seal(handle: string, contents: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#keyOf(handle), nonce);
    const sealed = Buffer.concat([nonce, cipher.update(contents, "utf8"), cipher.final()]);
    return Buffer.concat([sealed, cipher.getAuthTag()]).toString("base64");
  }

  /** Null when it was not sealed for this handle with this key, or was changed. */
  open(handle: string, sealed: string): string | null {
    const bytes = Buffer.from(sealed, "base64");
    if (bytes.length < nonceBytes + tagBytes) return null;
    try {
      const nonce = bytes.subarray(0, nonceBytes);
      const opener = createDecipheriv("aes-256-gcm", this.#keyOf(handle), nonce, {
        authTagLength: tagBytes,
      });
      opener.setAuthTag(bytes.subarray(-tagBytes));
      return (
        opener.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8") +
        opener.final("utf8")
      );
    } catch {
      return null;
    }
  }

  #keyOf(handle: string): Buffer {
    return createHmac("sha256", this.#sealing).update(handle).digest();
  }
}

const derive = (seed: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", seed, "", purpose, 32));
