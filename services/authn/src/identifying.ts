import { Opener } from "@sallyport/bus";
import { isHandle, type Verified, type Verify } from "@sallyport/contracts";
import { SallyError, type ErrorCode } from "@sallyport/runtime";
import type { Handles } from "./handles.ts";
import type { RevocationBook } from "./revocation-book.ts";
import { placeOf, SlowDown } from "./slow-down.ts";
import type { Checked, TokenChecker } from "./token-checker.ts";

export interface IdentifyingOptions {
  readonly checker: TokenChecker;
  readonly handles: Handles;
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

  /** Whose a credential is that came over HTTP: a token, never a handle. */
  async token(token: string, address: string): Promise<Checked> {
    if (this.#running >= mostAtOnce) return { kind: "refused", code: "too-many-requests" };
    this.#running++;
    try {
      return this.#counted(await this.#check(token, address, false));
    } finally {
      this.#running--;
    }
  }

  async #answer({ sealed, sender, address, handles }: Verify): Promise<Verified> {
    const credential = this.#opener.open({ sealed, sender });
    const checked = this.#counted(await this.#check(credential, address, handles === true));
    if (checked.kind === "refused") return unverified(checked);
    const { principal, until } = checked;
    return { v: 1, type: "verified", principal, until, revocations: this.#options.book.revision };
  }

  /** @param credential null when it could not be opened */
  async #check(credential: string | null, address: string, handles: boolean): Promise<Checked> {
    const { book } = this.#options;
    if (!book.complete) return { kind: "refused", code: "authn-absent" };
    const place = placeOf(address);
    if (this.#places.isSlowed(place, performance.now()))
      return { kind: "refused", code: "log-in-slowed" };
    const checked = await this.#read(credential, handles);
    const now = performance.now();
    if (checked.kind === "verified")
      return book.isRevoked(checked.principal.id)
        ? this.#slowed({ kind: "refused", code: "revoked", principal: checked.principal }, now)
        : checked;
    if (checked.principal !== undefined) return this.#slowed(checked, now);
    // What is down here is nobody's guess.
    if (checked.code !== "authn-absent") this.#places.failed(place, now);
    return checked;
  }

  async #read(credential: string | null, handles: boolean): Promise<Checked> {
    if (credential === null) return { kind: "refused", code: "token-unreadable" };
    if (!isHandle(credential)) return this.#options.checker.check(credential);
    return handles
      ? this.#options.handles.check(credential)
      : { kind: "refused", code: "handle-misplaced" };
  }

  /** A known principal that keeps failing is slowed, wherever it comes from. */
  #slowed(refused: Refused, now: number): Refused {
    const principal = refused.principal?.id ?? "";
    const slowed = this.#principals.isSlowed(principal, now);
    this.#principals.failed(principal, now);
    return slowed ? { ...refused, code: "log-in-slowed" } : refused;
  }

  #counted(checked: Checked): Checked {
    if (checked.kind === "verified") this.#verified++;
    else this.#refused.set(checked.code, (this.#refused.get(checked.code) ?? 0) + 1);
    return checked;
  }
}

const unverified = ({ code, detail, principal, unverified: claimed }: Refused): Verified => ({
  v: 1,
  type: "unverified",
  code,
  message: messageOf(code, detail),
  ...(principal && { principal }),
  ...(claimed && { unverified: claimed }),
});

const messageOf = (code: ErrorCode, detail: string | undefined): string => {
  const { message } = new SallyError(code);
  return detail === undefined ? message : `${message}: ${detail}`;
};
