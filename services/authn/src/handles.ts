import { Bucket, handleLife, type Bus } from "@sallyport/bus";
import { buckets, isWholeHandle, keys, Principal, StoredHandle } from "@sallyport/contracts";
import { SallyError, type Log } from "@sallyport/runtime";
import { z } from "zod";
import { HandleBox } from "./handle-box.ts";
import type { Checked, TokenChecker } from "./token-checker.ts";

/** What a handle stands for, sealed in its bucket. */
const Contents = z.strictObject({
  principal: Principal,
  grant: z.strictObject({
    issuer: z.string(),
    entry: z.string(),
    header: z.strictObject({ alg: z.string(), kid: z.string().optional() }),
    key: z.string(),
    expires: z.number(),
  }),
});

export interface HandlesOptions {
  readonly bus: Bus;
  readonly checker: TokenChecker;
  /** authn's X25519 xkey seed. */
  readonly sealingKey: string;
  readonly log: Log;
}

/** A replica that answers a read may be a moment behind the one that took the write. */
const behind = 300;

/**
 * Short handles for tokens. INVARIANT (I5): neither the token nor the handle is stored; the bucket has the handle's
 * hash, and under it, sealed, who it is and which key signed the token, so that each use is checked as the token
 * would be.
 */
export class Handles {
  readonly #bucket: Bucket<StoredHandle>;
  readonly #box: HandleBox;
  readonly #checker: TokenChecker;
  readonly #log: Log;

  constructor({ bus, checker, sealingKey, log }: HandlesOptions) {
    this.#bucket = new Bucket(bus, buckets.handles, StoredHandle);
    this.#box = new HandleBox(sealingKey);
    this.#checker = checker;
    this.#log = log;
  }

  /**
   * The handle of a token that was verified, and when it ends.
   * @throws SallyError `token-expired`, `handle-unstored`
   */
  async issue(
    token: string,
    { principal, grant }: Extract<Checked, { kind: "verified" }>,
  ): Promise<{ handle: string; expires: number }> {
    if (grant.expires <= Date.now()) throw new SallyError("token-expired");
    const handle = this.#box.handleOf(token);
    const sealed = this.#box.seal(handle, JSON.stringify({ principal, grant }));
    try {
      await this.#bucket.put(keys.handle(this.#box.hashOf(handle)), {
        v: 1,
        type: "handle",
        sealed,
      });
    } catch (cause) {
      throw new SallyError("handle-unstored", { cause });
    }
    return { handle, expires: Math.min(grant.expires, Date.now() + handleLife) };
  }

  /** Whom a handle stands for, checked as its token would be. */
  async check(handle: string): Promise<Checked> {
    if (!isWholeHandle(handle)) return { kind: "refused", code: "handle-unknown" };
    let stored: StoredHandle | null;
    try {
      stored = await this.#read(handle);
    } catch (err) {
      this.#log.warn({ err }, "handles cannot be read");
      return { kind: "refused", code: "authn-absent" };
    }
    if (stored === null) return { kind: "refused", code: "handle-unknown" };
    const opened = this.#box.open(handle, stored.sealed);
    const contents = opened === null ? null : Contents.safeParse(JSON.parse(opened)).data;
    if (!contents) return { kind: "refused", code: "handle-unknown" };
    const { header, ...grant } = contents.grant;
    const { alg, kid } = header;
    return this.#checker.recheck(
      { ...grant, header: { alg, ...(kid !== undefined && { kid }) } },
      contents.principal,
    );
  }

  async #read(handle: string): Promise<StoredHandle | null> {
    const key = keys.handle(this.#box.hashOf(handle));
    const entry = await this.#bucket.get(key);
    if (entry !== null) return entry.value;
    await new Promise((resolve) => setTimeout(resolve, behind));
    return (await this.#bucket.get(key))?.value ?? null;
  }
}
