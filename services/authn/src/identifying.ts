import { Opener } from "@sallyport/bus";
import type { Verified, Verify } from "@sallyport/contracts";
import { SallyError, type ErrorCode } from "@sallyport/runtime";
import type { RevocationBook } from "./revocation-book.ts";
import { placeOf, SlowDown } from "./slow-down.ts";
import type { Checked, TokenChecker } from "./token-checker.ts";

export interface IdentifyingOptions {
  readonly checker: TokenChecker;
  readonly book: RevocationBook;
  /** authn's X25519 xkey seed. */
  readonly sealingKey: string;
}

/** 20 failures at once, then one each 3 s. */
const patience = { failures: 20, every: 3000, size: 10_000 };
/** More at a time are not answered: they time out and try again. */
const mostAtOnce = 1000;

type Refused = Checked & { kind: "refused" };

/** Answers whose a sealed token is. Guessing is slowed by address, and by principal where a signature verified. */
export class Identifying {
  readonly #options: IdentifyingOptions;
  readonly #opener: Opener;
  readonly #places = new SlowDown(patience);
  readonly #principals = new SlowDown(patience);
  #running = 0;
  #verified = 0;
  readonly #refused = new Map<string, number>();

  constructor(options: IdentifyingOptions) {
    this.#options = options;
    this.#opener = new Opener(options.sealingKey);
  }

  get counts(): { running: number; verified: number; refused: Record<string, number> } {
    return {
      running: this.#running,
      verified: this.#verified,
      refused: Object.fromEntries(this.#refused),
    };
  }

  /** Null for no answer. */
  async answer(question: Verify): Promise<Verified | null> {
    if (this.#running >= mostAtOnce) return null;
    this.#running++;
    try {
      return await this.#answer(question);
    } finally {
      this.#running--;
    }
  }

  async #answer({ sealed, sender, address }: Verify): Promise<Verified> {
    const { checker, book } = this.#options;
    if (!book.complete) return this.#refuse({ kind: "refused", code: "authn-absent" });
    const place = placeOf(address);
    if (this.#places.isSlowed(place, Date.now()))
      return this.#refuse({ kind: "refused", code: "log-in-slowed" });
    const token = this.#opener.open({ sealed, sender });
    const checked: Checked =
      token === null ? { kind: "refused", code: "token-unreadable" } : await checker.check(token);
    const now = Date.now();
    if (checked.kind === "refused") {
      if (checked.principal === undefined) this.#places.failed(place, now);
      else return this.#refuseKnown(checked, checked.principal.id, now);
      return this.#refuse(checked);
    }
    const { principal, until } = checked;
    if (book.isRevoked(principal.id))
      return this.#refuseKnown({ kind: "refused", code: "revoked", principal }, principal.id, now);
    this.#verified++;
    return { v: 1, type: "verified", principal, until, revocations: book.revision };
  }

  #refuseKnown(refused: Refused, principal: string, now: number): Verified {
    const slowed = this.#principals.isSlowed(principal, now);
    this.#principals.failed(principal, now);
    return this.#refuse(slowed ? { ...refused, code: "log-in-slowed" } : refused);
  }

  #refuse({ code, detail, principal, unverified }: Refused): Verified {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
    return {
      v: 1,
      type: "unverified",
      code,
      message: messageOf(code, detail),
      ...(principal && { principal }),
      ...(unverified && { unverified }),
    };
  }
}

const messageOf = (code: ErrorCode, detail: string | undefined): string => {
  const { message } = new SallyError(code);
  return detail === undefined ? message : `${message}: ${detail}`;
};
