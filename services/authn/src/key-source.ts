import type { Log } from "@sallyport/runtime";
import { isLoopback } from "@sallyport/runtime";
import {
  createLocalJWKSet,
  errors,
  type CryptoKey,
  type JSONWebKeySet,
  type JWSHeaderParameters,
  type LocalJWKSet,
} from "jose";

export interface KeySourceOptions {
  /** The issuer's URL, exactly as its tokens say it. */
  readonly issuer: string;
  readonly log: Log;
  /** Milliseconds: between two fetches for unknown keys, of a fetch, that a token waits for one, between refreshes. */
  readonly cooldown?: number;
  readonly timeout?: number;
  readonly patience?: number;
  readonly refreshEvery?: number;
}

/** The issuer publishes no key that fits a token, as far as is known now. */
export class UnknownKey extends Error {}

const documentLimit = 1024 * 1024;

/**
 * An issuer's public keys. What is known serves at once, also while the issuer is slow or down; a key that is not
 * known is fetched, at most once a cool-down, and lets nobody in until it is there.
 */
export class KeySource {
  readonly #options: Required<KeySourceOptions>;
  #set: LocalJWKSet | null = null;
  #keys = 0;
  #fetching: Promise<void> | null = null;
  #begun = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #problem: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  readonly #stopped = new AbortController();

  constructor(options: KeySourceOptions) {
    this.#options = {
      cooldown: 10_000,
      timeout: 5000,
      patience: 3000,
      refreshEvery: 300_000,
      ...options,
    };
    checkTransport(this.#options.issuer);
    void this.#fetch();
  }

  /** For the health page. */
  get state(): { keys: number; problem: string | null } {
    return { keys: this.#keys, problem: this.#problem };
  }

  /**
   * The one key that fits a token's header (its `kid` and `alg`; what else the header offers is not looked at).
   * @throws {UnknownKey}
   */
  async key(header: JWSHeaderParameters): Promise<CryptoKey> {
    const known = await this.#find(header);
    if (known !== null) return known;
    if (this.#fetching === null && performance.now() - this.#begun >= this.#options.cooldown)
      void this.#fetch();
    if (this.#fetching !== null) await within(this.#fetching, this.#options.patience);
    const found = await this.#find(header);
    if (found === null) throw new UnknownKey();
    return found;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stopped.abort();
  }

  async #find(header: JWSHeaderParameters): Promise<CryptoKey | null> {
    try {
      return (await this.#set?.(header)) ?? null;
    } catch (cause) {
      if (cause instanceof errors.JOSEError) return null;
      throw cause;
    }
  }

  #fetch(): Promise<void> {
    this.#begun = performance.now();
    this.#fetching ??= this.#fetchOnce().finally(() => {
      this.#fetching = null;
      this.#schedule();
    });
    return this.#fetching;
  }

  async #fetchOnce(): Promise<void> {
    const { issuer, log } = this.#options;
    try {
      const { keys_uri } = await this.#discover();
      const keys = publicKeys(await this.#read(keys_uri));
      this.#set = createLocalJWKSet(keys);
      this.#keys = keys.keys.length;
      this.#failures = 0;
      this.#problem = null;
    } catch (err) {
      this.#failures++;
      this.#problem = problemOf(err);
      if (!this.#stopped.signal.aborted)
        log.warn({ issuer, problem: this.#problem, known: this.#keys }, "issuer cannot be read");
    }
  }

  /** Refreshes now and then; after a failure sooner, and ever less often. */
  #schedule(): void {
    if (this.#stopped.signal.aborted) return;
    clearTimeout(this.#timer);
    const { refreshEvery } = this.#options;
    const wait =
      this.#failures === 0
        ? refreshEvery
        : Math.min(refreshEvery, 500 * 2 ** this.#failures, 30_000);
    this.#timer = setTimeout(() => void this.#fetch(), wait);
    this.#timer.unref();
  }

  /** OpenID Connect Discovery 1.0, sections 4.1 and 4.3. */
  async #discover(): Promise<{ keys_uri: string }> {
    const { issuer } = this.#options;
    const document = await this.#read(
      `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
    );
    if (document["issuer"] !== issuer)
      throw new Error("its discovery document names another issuer");
    const uri = document["jwks_uri"];
    if (typeof uri !== "string") throw new Error("its discovery document has no `jwks_uri`");
    return { keys_uri: uri };
  }

  async #read(url: string): Promise<Record<string, unknown>> {
    checkTransport(url);
    const signal = AbortSignal.any([
      AbortSignal.timeout(this.#options.timeout),
      this.#stopped.signal,
    ]);
    const answer = await fetch(url, {
      signal,
      redirect: "error",
      headers: { accept: "application/json" },
    });
    if (!answer.ok) throw new Error(`\`${url}\` answers ${answer.status}`);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of answer.body ?? []) {
      size += chunk.length;
      if (size > documentLimit) throw new Error(`\`${url}\` answers more than 1 MiB`);
      chunks.push(chunk);
    }
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new Error(`\`${url}\` does not answer an object`);
    return value as Record<string, unknown>;
  }
}

/** Plain http only to this machine. */
function checkTransport(url: string): void {
  const { protocol, hostname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  if (protocol !== "https:" && !(protocol === "http:" && isLoopback(host)))
    throw new Error(`\`${url}\` is neither https nor on this machine`);
}

/** Asymmetric keys only: a shared secret in the set would let whoever reads the set sign. */
function publicKeys(document: Record<string, unknown>): JSONWebKeySet {
  const { keys } = document;
  if (!Array.isArray(keys)) throw new Error("its key set has no `keys`");
  return {
    keys: keys.filter(
      (key: unknown): key is JSONWebKeySet["keys"][number] =>
        typeof key === "object" &&
        key !== null &&
        "kty" in key &&
        (key.kty === "RSA" || key.kty === "EC" || key.kty === "OKP"),
    ),
  };
}

async function within(promise: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

/** What fetch says, with the reason beneath it. */
function problemOf(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  const { cause } = err;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : null;
  return code === null ? err.message : `${err.message}: ${code}`;
}
