import { startOidcProvider, type OidcProvider } from "@sallyport/testkit";
import type { ClientEnvironment } from "./client.ts";
import type { DemoFolder } from "./folder.ts";

export type Who = "ci-runner" | "contractor-agent" | "alice" | "bob";

const jobs = {
  "ci-runner": { groups: ["ci"], owner: "bob" },
  "contractor-agent": { groups: ["contractors"], owner: "bob" },
} as const;

const people = { alice: { groups: ["dba"] }, bob: { groups: ["dba"] } } as const;

const everybody: readonly Who[] = ["ci-runner", "contractor-agent", "alice", "bob"];

/** Seconds that a token of the demo is valid; it is renewed well before. */
const lifetime = 900;

/** The identity provider, and everybody's token of the moment. */
export class Identities implements AsyncDisposable {
  readonly provider: OidcProvider;
  readonly #tokens = new Map<Who, string>();
  #renewal: NodeJS.Timeout | undefined;

  private constructor(provider: OidcProvider) {
    this.provider = provider;
  }

  static async start(): Promise<Identities> {
    const identities = new Identities(await startOidcProvider({ clients: jobs, people, lifetime }));
    await identities.#renew();
    return identities;
  }

  token(who: Who): string {
    const token = this.#tokens.get(who);
    if (token === undefined) throw new Error(`\`${who}\` has no token`);
    return token;
  }

  /** What the token says, unverified: for showing. */
  claims(who: Who): Record<string, unknown> {
    const payload = Buffer.from(this.token(who).split(".")[1] ?? "", "base64url").toString("utf8");
    return JSON.parse(payload) as Record<string, unknown>;
  }

  /**
   * Keeps a file a person or job with what its shell needs, for lines to copy, and the tokens in them fresh.
   * `gateway` is where psql goes.
   */
  async keepFiles(folder: DemoFolder, gateway: ClientEnvironment): Promise<void> {
    const write = (): void => {
      for (const who of everybody)
        folder.write(`${who}.env`, shellText({ ...this.#variables(who), ...gateway, PGUSER: who }));
    };
    write();
    this.#renewal = setInterval(
      () => {
        this.#renew().then(write, () => undefined); // the old ones hold a while; next time again
      },
      (lifetime / 3) * 1000,
    );
    this.#renewal.unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewal);
    await this.provider.stop();
  }

  #variables(who: Who): Record<string, string> {
    const token = this.token(who);
    return who === "alice" || who === "bob"
      ? { SALLY_TOKEN: token, PGPASSWORD: token }
      : { PGPASSWORD: token };
  }

  /** Jobs by client credentials; people log in: authorization code with PKCE, the form filled in by script. */
  async #renew(): Promise<void> {
    for (const who of everybody) {
      const token =
        who === "alice" || who === "bob"
          ? await this.provider.personToken(who)
          : await this.provider.jobToken(who);
      this.#tokens.set(who, token);
    }
  }
}

const shellText = (variables: Readonly<Record<string, string>>): string =>
  Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");
