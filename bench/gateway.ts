import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConfigText } from "@sallyport/contracts";
import { SallyUp, type PostgresServer, type TestIssuer } from "@sallyport/testkit";
import type { Door } from "./door.ts";
import { owner } from "./target.ts";

export interface GatewayOptions {
  readonly name: string;
  readonly target: PostgresServer;
  readonly issuer: TestIssuer;
  readonly durability: "buffered" | "fsync";
  readonly tls: boolean;
  /** How many policies, those that the work needs among them. */
  readonly rules: number;
  /** One when left out. */
  readonly workers?: number;
  /** Metrics on a page, and a trace of every command to this endpoint. */
  readonly telemetry?: string;
}

/** Who works, and a mask on two columns that `pgbench -S` does not read. */
const policies = [
  `@id("ci-works") permit (principal in Group::"corp/ci", action in [Action::"connect", Action::"read", Action::"write"], resource in Connection::"rows");`,
  `@id("ci-copies") permit (principal in Group::"corp/ci", action in [Action::"connect", Action::"read"], resource in Connection::"digest");`,
  `@id("pii-is-masked") @mask("partial") forbid (principal, action == Action::"read", resource in Tag::"pii") unless { context.use == "lookup" };`,
  `@id("deletes-need-a-dba") @hold("corp/dba") forbid (principal, action == Action::"delete", resource in Connection::"rows");`,
];

/** Further rules of the kinds that people write, over 40 groups and as many schemas as it takes. */
const further = (n: number): string =>
  n % 5 === 0
    ? `@id("rule-${n}") forbid (principal in Group::"corp/team-${n % 40}", action in Action::"define", resource in Schema::"rows/s${n}");`
    : `@id("rule-${n}") permit (principal in Group::"corp/team-${n % 40}", action in [Action::"read", Action::"write"], resource in Schema::"rows/s${n}") when { resource in Tag::"production" };`;

const policyText = (rules: number): string =>
  [
    ...policies,
    ...Array.from({ length: Math.max(0, rules - policies.length) }, (_, n) => further(n)),
  ].join("\n");

/** `sally up` in front of the target, with all five services. Connection `rows` records rows, `digest` their hash. */
export class Gateway implements Door, AsyncDisposable {
  readonly name: string;
  readonly #up: SallyUp;
  readonly #issuer: TestIssuer;
  readonly #directory: string;

  private constructor(options: GatewayOptions, up: SallyUp, directory: string) {
    this.name = options.name;
    this.#issuer = options.issuer;
    this.#up = up;
    this.#directory = directory;
  }

  static async start(options: GatewayOptions): Promise<Gateway> {
    const { target, issuer, durability, tls, rules, telemetry } = options;
    const directory = await mkdtemp(join(tmpdir(), "sallyport-bench-"));
    const loopback = "127.0.0.1:0";
    const connection = (record: "rows" | "digest") => ({
      protocol: "postgres" as const,
      target: {
        host: "127.0.0.1",
        port: target.port,
        database: owner.database,
        tls: "off" as const,
      },
      credentials: { username: owner.user, password: { env: "BENCH_PASSWORD" } },
      tags: ["production"],
      columns: {
        "public.customers.email": ["pii"],
        "public.customers.card_number": ["pii"],
      },
      record,
    });
    const config: ConfigText = {
      listen: {
        postgres: { address: loopback, tls: tls ? "self-signed" : "off" },
        authn: loopback,
        policy: loopback,
        approval: loopback,
        recorder: loopback,
      },
      durability,
      identity: { issuers: { corp: { issuer: issuer.issuer, audience: "sallyport" } } },
      connections: { rows: connection("rows"), digest: connection("digest") },
      policies: { directory: "./policies" },
      approvals: { groups: { "corp/dba": { members: ["corp#alice"] } } },
      archive: { directory: "./archive" },
      ...(telemetry !== undefined && {
        telemetry: { otlp: { endpoint: telemetry }, prometheus: "on" as const },
      }),
      drain: "1s",
      log: "warn",
    };
    await mkdir(join(directory, "policies"));
    await writeFile(join(directory, "policies", "bench.cedar"), policyText(rules));
    const file = join(directory, "sallyport.yaml");
    await writeFile(file, JSON.stringify(config));
    const up = await SallyUp.start({
      config: file,
      data: join(directory, "data"),
      log: join(directory, "sally.log"),
      env: { BENCH_PASSWORD: owner.password },
      args: options.workers === undefined ? [] : ["--workers", String(options.workers)],
    });
    return new Gateway(options, up, directory);
  }

  async env(connection = "rows"): Promise<Record<string, string>> {
    const { host, port } = this.#up.address("postgres");
    const { ca } = this.#up.listen;
    return {
      PGHOST: host,
      PGPORT: String(port),
      PGDATABASE: connection,
      PGUSER: "bench",
      PGPASSWORD: await this.#issuer.sign(),
      ...(ca === undefined
        ? { PGSSLMODE: "disable" }
        : { PGSSLMODE: "verify-full", PGSSLROOTCERT: ca }),
    };
  }

  processes(): { name: string; pid: number }[] {
    return this.#up.services().map(({ service, pid }) => ({ name: service, pid }));
  }

  /** What the services complained of: a bench that loses events or refuses commands measures nothing. */
  async troubles(): Promise<string[]> {
    const log = await this.#up.log();
    return log.split("\n").filter((line) => /"level":(?:[456]0)/.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#up.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
