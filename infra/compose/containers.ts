import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClientEnvironment } from "../../examples/demo/src/client.ts";
import { driverClient } from "../../examples/demo/src/driver-client.ts";
import type { Who } from "../../examples/demo/src/identities.ts";
import { psqlClient } from "../../examples/demo/src/psql-client.ts";
import { objectsOf, type Stage } from "../../examples/demo/src/stage.ts";
import { hasPsql, runSally, type SallyResult } from "../../libs/testkit/src/index.ts";

export interface ContainersOptions {
  /** `docker compose` with its options, as words. */
  readonly compose: readonly string[];
  /** The published ports, on loopback. */
  readonly ports: { readonly postgres: number; readonly approval: number };
  /** For the authority's certificate. */
  readonly directory: string;
}

const everybody: readonly Who[] = ["ci-runner", "contractor-agent", "alice", "bob"];

/** docker-compose.yml, up: clients come over the published ports, operators use the container that has their key. */
export class Containers implements Stage, AsyncDisposable {
  readonly client = hasPsql() ? psqlClient : driverClient;
  readonly authority: string;
  readonly shop: Stage["shop"];
  readonly identities: Stage["identities"];
  readonly #options: ContainersOptions;
  readonly #operator: string;
  readonly #ids = new Map<string, string>();

  private constructor(
    options: ContainersOptions,
    found: {
      authority: string;
      password: string;
      operator: string;
      tokens: ReadonlyMap<Who, string>;
    },
  ) {
    this.#options = options;
    this.#operator = found.operator;
    this.authority = found.authority;
    this.shop = {
      password: found.password,
      count: async (from) =>
        Number(
          await this.inside("shop", [
            "psql",
            "-U",
            "postgres",
            "-d",
            "shop",
            "-Atc",
            `SELECT count(*) FROM ${from}`,
          ]),
        ),
      ran: async (text) => (await this.#compose(["logs", "--no-color", "shop"])).includes(text),
    };
    const token = (who: Who): string => {
      const known = found.tokens.get(who);
      if (known === undefined) throw new Error(`\`${who}\` has no token`);
      return known;
    };
    this.identities = { token, claims: (who) => claimsOf(token(who)) };
  }

  /** Fetches what the story needs: everybody's token, the authority, an operator's container that stays up. */
  static async find(options: ContainersOptions): Promise<Containers> {
    const ask = (args: readonly string[]): Promise<string> =>
      done(run([...options.compose, ...args]), args.join(" "));
    const own = "/etc/sallyport/.sallyport";
    const authority = join(options.directory, "ca.pem");
    writeFileSync(authority, await ask(["exec", "-T", "proxy", "cat", `${own}/tls/ca.pem`]));
    const password = await ask(["exec", "-T", "proxy", "cat", `${own}/shop.password`]);
    const tokens = new Map<Who, string>();
    for (const who of everybody)
      tokens.set(who, (await ask(["exec", "-T", "identity", "token", who])).trim());
    const operator = await ask(["run", "-d", "--rm", "--entrypoint", "sleep", "sally", "1800"]);
    return new Containers(options, { authority, password, operator: lastWord(operator), tokens });
  }

  as(who: Who): ClientEnvironment {
    return {
      PGHOST: "localhost",
      PGPORT: String(this.#options.ports.postgres),
      PGDATABASE: "shop",
      PGSSLMODE: "verify-full",
      PGSSLROOTCERT: this.authority,
      PGUSER: who,
      PGPASSWORD: this.identities.token(who),
    };
  }

  /** People come over the published port, from their own machine; an operator's commands run where the key is. */
  sally(args: readonly string[], as?: "alice" | "bob"): Promise<SallyResult> {
    if (as === undefined)
      return run([
        "docker",
        "exec",
        this.#operator,
        "sh",
        "/sallyport/infra/container/start.sh",
        "sally",
        ...args,
      ]);
    const url = `https://localhost:${this.#options.ports.approval}`;
    return runSally([...args, "--url", url], {
      cwd: this.#options.directory,
      env: { SALLY_TOKEN: this.identities.token(as), NODE_EXTRA_CA_CERTS: this.authority },
    });
  }

  async sallyJson(
    args: readonly string[],
    as?: "alice" | "bob",
  ): Promise<Record<string, unknown>[]> {
    return objectsOf(await this.sally([...args, "--json"], as));
  }

  /** Runs a command in a service's container, as its user. */
  async inside(service: string, command: readonly string[]): Promise<string> {
    const id = this.#ids.get(service) ?? (await this.#compose(["ps", "-q", service])).trim();
    this.#ids.set(service, id);
    return done(run(["docker", "exec", id, ...command]), `${service}: ${command.join(" ")}`);
  }

  /** Ends the operator's container. */
  async [Symbol.asyncDispose](): Promise<void> {
    await run(["docker", "stop", "--time", "0", this.#operator]);
  }

  #compose(args: readonly string[]): Promise<string> {
    return done(run([...this.#options.compose, ...args]), args.join(" "));
  }
}

/** What a command printed, or an error that says what it complained of. */
async function done(running: Promise<SallyResult>, what: string): Promise<string> {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(`\`${what}\` ended with ${code}: ${stderr.trim()}`);
  return stdout;
}

function run([command = "", ...args]: readonly string[]): Promise<SallyResult> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ stdout, stderr, code: code ?? 1 }));
  });
}

const lastWord = (text: string): string => text.trim().split(/\s+/).at(-1) ?? "";

const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<
    string,
    unknown
  >;
