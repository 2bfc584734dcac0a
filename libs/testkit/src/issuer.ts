import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import {
  CompactSign,
  exportJWK,
  generateKeyPair,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from "jose";
import { freePort } from "./free-port.ts";

export interface Forgery {
  /** Header members beside or over `alg`, `kid` and `typ`; `undefined` leaves one out. */
  header?: Record<string, unknown>;
  /** Signs with this key instead of the issuer's; the header still names the issuer's. */
  key?: CryptoKey | Uint8Array;
}

/**
 * An issuer that signs whatever a test wants, with discovery and JWKS on loopback: for tokens that no honest
 * provider would give.
 */
export class TestIssuer implements AsyncDisposable {
  readonly issuer: string;
  readonly alg: string;
  /** How often the keys were fetched. */
  fetches = 0;
  readonly #port: number;
  #server: Server | undefined;
  #privateKey!: CryptoKey;
  #current!: JWK;
  #published: JWK[] = [];
  #delay = 0;

  private constructor(port: number, alg: string) {
    this.#port = port;
    this.issuer = `http://127.0.0.1:${port}`;
    this.alg = alg;
  }

  static async create(options: { alg?: string } = {}): Promise<TestIssuer> {
    const issuer = new TestIssuer(await freePort(), options.alg ?? "ES256");
    await issuer.rotate();
    await issuer.up();
    return issuer;
  }

  /** The public key that signs now. */
  get publicKey(): JWK {
    return this.#current;
  }

  /** Claims of a token that a gateway with audience `sallyport` takes, for 5 minutes. */
  claims(over: JWTPayload = {}): JWTPayload {
    const now = Math.floor(Date.now() / 1000);
    return {
      iss: this.issuer,
      sub: "ci-runner",
      aud: "sallyport",
      iat: now,
      exp: now + 300,
      jti: randomBytes(8).toString("hex"),
      kind: "workload",
      groups: ["ci"],
      ...over,
    };
  }

  /** The id of the key that signs now. */
  get kid(): string {
    return this.#current.kid ?? "";
  }

  /** Signs exactly these claims; give `claims({ … })` for others than the usual. A claim that is `undefined` is left out. */
  async sign(claims: JWTPayload = this.claims(), forgery: Forgery = {}): Promise<string> {
    const header = { alg: this.alg, kid: this.kid, typ: "at+jwt", ...forgery.header };
    const payload = new TextEncoder().encode(JSON.stringify(claims));
    if (header.alg === "none") {
      return `${part(header)}.${Buffer.from(payload).toString("base64url")}.`;
    }
    return await new CompactSign(payload)
      .setProtectedHeader(header)
      .sign(forgery.key ?? this.#privateKey);
  }

  /** A new key; what was published before goes, unless `keep`. */
  async rotate(options: { keep?: boolean } = {}): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(this.alg, { extractable: true });
    this.#privateKey = privateKey;
    this.#current = {
      ...(await exportJWK(publicKey)),
      kid: randomBytes(8).toString("hex"),
      alg: this.alg,
      use: "sig",
    };
    this.#published = [this.#current, ...(options.keep ? this.#published : [])];
  }

  /** Answers after so many milliseconds from now on; 0 for at once. */
  slow(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** Closes the port: connections are refused. */
  async down(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Opens the port again. */
  async up(): Promise<void> {
    if (this.#server) return;
    this.#server = createServer((request, response) => {
      void this.#answer(request.url ?? "").then((body) => {
        response
          .writeHead(body ? 200 : 404, { "content-type": "application/json" })
          .end(JSON.stringify(body ?? {}));
      });
    }).listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async stop(): Promise<void> {
    await this.down();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #answer(path: string): Promise<object | undefined> {
    if (this.#delay > 0) await delay(this.#delay, undefined, { ref: false });
    switch (path) {
      case "/.well-known/openid-configuration":
        return {
          issuer: this.issuer,
          jwks_uri: `${this.issuer}/jwks`,
          authorization_endpoint: `${this.issuer}/auth`,
          token_endpoint: `${this.issuer}/token`,
          response_types_supported: ["code"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: [this.alg],
        };
      case "/jwks":
        this.fetches++;
        return { keys: this.#published };
      default:
        return undefined;
    }
  }
}

export function startIssuer(options?: { alg?: string }): Promise<TestIssuer> {
  return TestIssuer.create(options);
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
