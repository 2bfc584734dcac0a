import { createCurve, fromCurveSeed, type KeyPair } from "@nats-io/nkeys";

/** A token sealed to authn's key, as it crosses the bus. */
export interface Sealed {
  /** Base64. */
  readonly sealed: string;
  /** The public xkey it was sealed with. */
  readonly sender: string;
}

/** Seals tokens to authn's public key, with a key of this process that is never stored. */
export class Sealer {
  readonly #recipient: string;
  readonly #pair: KeyPair = createCurve();
  readonly #sender = this.#pair.getPublicKey();

  /** Throws when `recipient` is no public xkey. */
  constructor(recipient: string) {
    this.#recipient = recipient.trim();
    this.#pair.seal(new Uint8Array(1), this.#recipient);
  }

  seal(text: string): Sealed {
    const box = this.#pair.seal(Buffer.from(text, "utf8"), this.#recipient);
    return { sealed: Buffer.from(box).toString("base64"), sender: this.#sender };
  }
}

/** Opens what was sealed to its key. */
export class Opener {
  readonly #pair: KeyPair;

  /** Throws when `seed` is no xkey seed. */
  constructor(seed: string) {
    this.#pair = fromCurveSeed(Buffer.from(seed.trim()));
  }

  get publicKey(): string {
    return this.#pair.getPublicKey();
  }

  /** The text, or null when it was not sealed to this key by that sender, or is not UTF-8. */
  open({ sealed, sender }: Sealed): string | null {
    try {
      const opened = this.#pair.open(Buffer.from(sealed, "base64"), sender);
      return opened === null ? null : new TextDecoder("utf-8", { fatal: true }).decode(opened);
    } catch {
      return null;
    }
  }
}
