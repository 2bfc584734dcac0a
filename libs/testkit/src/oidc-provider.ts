import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { Provider, type AdapterFactory, type Configuration } from "oidc-provider";
import { memoryStore } from "./oidc-store.ts";
import { jobToken, loginClient, personToken, redirectUri } from "./oidc-tokens.ts";

/** A job or a service: gets its tokens with its own secret (client credentials). */
export interface OidcClient {
  groups?: readonly string[];
  /** Subject of the person who answers for it. */
  owner?: string;
  /** Random by default. */
  secret?: string;
}

export interface OidcPerson {
  groups?: readonly string[];
  /** Random by default. */
  password?: string;
}

export interface OidcProviderOptions {
  /** By client id, which is also the subject of its tokens. */
  clients?: Readonly<Record<string, OidcClient>>;
  /** By log-in name, which is also the subject of their tokens. */
  people?: Readonly<Record<string, OidcPerson>>;
  audience?: string;
  /** Seconds for which an access token is valid; 900 by default. */
  lifetime?: number;
  port?: number;
  /** For clients on other hosts, which know it by this name: all addresses, with TLS (PEM). Loopback when left out. */
  outside?: { name: string; certificate: string; key: string };
}

/**
 * A real OpenID Connect provider, on loopback if not told otherwise. Its access tokens are JWTs (ES256, RFC 9068) with the claims `kind`
 * (`workload` or `user`), `groups` and, for clients that have one, `owner`.
 */
export class OidcProvider implements AsyncDisposable {
  readonly issuer: string;
  readonly #server: Server;
  readonly #audience: string;
  readonly #lifetime: number;
  readonly #clients = new Map<string, OidcClient & { secret: string }>();
  readonly #people = new Map<string, OidcPerson & { password: string }>();
  readonly #store: AdapterFactory = memoryStore();
  readonly #cookieKey = randomBytes(32).toString("hex");
  #keys: JWK[] = [];
  #provider: Provider | undefined;

  private constructor(server: Server, issuer: string, options: OidcProviderOptions) {
    this.#server = server;
    this.issuer = issuer;
    this.#audience = options.audience ?? "sallyport";
    this.#lifetime = options.lifetime ?? 900;
    const random = (): string => randomBytes(24).toString("base64url");
    for (const [id, client] of Object.entries(options.clients ?? {})) {
      this.#clients.set(id, { ...client, secret: client.secret ?? random() });
    }
    for (const [name, person] of Object.entries(options.people ?? {})) {
      this.#people.set(name, { ...person, password: person.password ?? random() });
    }
  }

  static async create(options: OidcProviderOptions = {}): Promise<OidcProvider> {
    const { outside } = options;
    const server = outside
      ? createSecureServer({ cert: outside.certificate, key: outside.key })
      : createServer();
    server.listen(options.port ?? 0, outside ? undefined : "127.0.0.1");
    await once(server, "listening");
    const { port }: Pick<AddressInfo, "port"> = addressOf(server);
    const issuer = outside ? `https://${outside.name}:${port}` : `http://127.0.0.1:${port}`;
    const provider = new OidcProvider(server, issuer, options);
    await provider.rotateKeys();
    server.on("request", (request, response) => provider.#answer(request, response));
    return provider;
  }

  /** Where clients fetch their tokens themselves. */
  get tokenEndpoint(): string {
    return `${this.issuer}/token`;
  }

  /** An access token for a client, by client credentials. */
  async jobToken(clientId: string): Promise<string> {
    const client = this.#clients.get(clientId);
    if (!client) throw new Error(`the provider knows no client \`${clientId}\``);
    return await jobToken(this.issuer, clientId, client.secret);
  }

  /** An access token for a person, by a scripted log-in (authorization code). */
  async personToken(name: string): Promise<string> {
    const person = this.#people.get(name);
    if (!person) throw new Error(`the provider knows no person \`${name}\``);
    return await personToken(this.issuer, name, person.password);
  }

  /** Signs with a new key from now on. The key before stays published, the ones before that do not. */
  async rotateKeys(): Promise<void> {
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const key: JWK = {
      ...(await exportJWK(privateKey)),
      kid: randomBytes(8).toString("hex"),
      alg: "ES256",
      use: "sig",
    };
    this.#keys = [key, ...this.#keys.slice(0, 1)];
    this.#provider = new Provider(this.issuer, this.#configuration());
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const provider = this.#provider;
    if (!provider) throw new Error("the provider has no keys yet");
    if (!request.url?.startsWith("/log-in/")) {
      void provider.callback()(request, response);
      return;
    }
    this.#logInPage(provider, request, response).catch((cause: unknown) => {
      response.writeHead(400, { "content-type": "text/plain" }).end(String(cause));
    });
  }

  async #logInPage(
    provider: Provider,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    await provider.interactionDetails(request, response);
    if (request.method !== "POST") {
      response.writeHead(200, { "content-type": "text/html" }).end(logInForm);
      return;
    }
    const form = new URLSearchParams(await text(request));
    const accountId = form.get("login") ?? "";
    if (this.#people.get(accountId)?.password !== form.get("password")) {
      response.writeHead(401, { "content-type": "text/plain" }).end("wrong name or password");
      return;
    }
    await provider.interactionFinished(request, response, { login: { accountId } });
  }

  /** Says what the tokens say of their subject. */
  #claims(subject: string | undefined, isPerson: boolean): Record<string, unknown> {
    const of =
      subject === undefined ? undefined : (isPerson ? this.#people : this.#clients).get(subject);
    return {
      kind: isPerson ? "user" : "workload",
      groups: of?.groups ?? [],
      ...(of && "owner" in of && { owner: of.owner }),
    };
  }

  #configuration(): Configuration {
    const jobs = [...this.#clients].map(([id, { secret }]) => ({
      client_id: id,
      client_secret: secret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    }));
    return {
      adapter: this.#store,
      jwks: { keys: this.#keys },
      cookies: { keys: [this.#cookieKey] },
      clientDefaults: { id_token_signed_response_alg: "ES256" },
      clients: [
        ...jobs,
        {
          client_id: loginClient,
          token_endpoint_auth_method: "none",
          redirect_uris: [redirectUri],
        },
      ],
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        rpInitiatedLogout: { enabled: false },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: () => ({
            scope: "",
            audience: this.#audience,
            accessTokenFormat: "jwt",
            accessTokenTTL: this.#lifetime,
            jwt: { sign: { alg: "ES256" } },
          }),
          useGrantedResource: () => true,
        },
      },
      ttl: {
        AccessToken: this.#lifetime,
        ClientCredentials: this.#lifetime,
        Grant: 3600,
        IdToken: 3600,
        Interaction: 600,
        Session: 3600,
      },
      interactions: { url: (_, { uid }) => `/log-in/${uid}` },
      findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
      extraTokenClaims: (_, token) =>
        token.kind === "AccessToken"
          ? this.#claims(token.accountId, true)
          : this.#claims(token.clientId, false),
      // Who logs in consents; there is nothing to ask.
      loadExistingGrant: async (context) => {
        const { client, session, provider } = context.oidc;
        if (!client || session?.accountId === undefined) return undefined;
        const grant = new provider.Grant({
          clientId: client.clientId,
          accountId: session.accountId,
        });
        grant.addOIDCScope("openid");
        await grant.save();
        return grant;
      },
      renderError: (context, out) => {
        context.type = "application/json";
        context.body = JSON.stringify(out);
      },
    };
  }
}

const logInForm = `<!doctype html><title>Log in</title><form method="post">
<input name="login" placeholder="name"><input name="password" type="password"><button>Log in</button></form>`;

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("the server does not listen on TCP");
  return address;
}

export function startOidcProvider(options?: OidcProviderOptions): Promise<OidcProvider> {
  return OidcProvider.create(options);
}
