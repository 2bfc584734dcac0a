import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasPsql, runSally, sallyMain, startIssuer, type TestIssuer } from "@sallyport/testkit";
import { z } from "zod";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startCluster, type Cluster } from "./cluster.ts";
import { codeOf, yamlOf } from "./recipes.ts";

/** The config that the page gives for GitHub, but for whose tokens it takes. */
const Issuers = z.object({
  identity: z.object({
    issuers: z.object({
      github: z.strictObject({
        issuer: z.literal("https://token.actions.githubusercontent.com"),
        audience: z.string(),
        claims: z.array(z.string()),
        session: z.string(),
      }),
    }),
  }),
});

let cluster: Cluster;
let issuer: TestIssuer;
/** Of GitHub's tokens. */
let actions: TestIssuer;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sallyport-platforms-"));
  issuer = await startIssuer({ alg: "RS256" });
  actions = await startIssuer({ alg: "RS256" });
  cluster = await startCluster({
    change: (config) => {
      config.identity.issuers["platform"] = {
        issuer: issuer.issuer,
        audience: "sallyport",
        claims: ["repository", "project_path"],
      };
      const { github } = Issuers.parse(yamlOf("GitHub Actions")[1]).identity.issuers;
      config.identity.issuers["github"] = { ...github, issuer: actions.issuer };
      const { shop } = config.connections;
      if (shop) config.connections["orders"] = shop;
    },
    policies: `
@id("acme-only")
permit (principal, action in [Action::"connect", Action::"read"], resource)
when { context.claims.hasTag("repository") && context.claims.getTag("repository").contains("acme/shop")
    || context.claims.hasTag("project_path") && context.claims.getTag("project_path").contains("acme/shop") };
@id("the-migration-job")
permit (principal == Workload::"platform#system:serviceaccount:shop:migrate",
        action in [Action::"connect", Action::"read"], resource);
`,
  });
});
afterAll(async () => {
  await cluster?.stop();
  await issuer?.stop();
  await actions?.stop();
  await rm(directory, { recursive: true, force: true });
});

const now = (): number => Math.floor(Date.now() / 1000);
/** As the platforms' own documentation shows them; no `groups`, no `kind`, other headers than RFC 9068's. */
const platforms = {
  "GitHub Actions": {
    sub: "repo:acme/shop:ref:refs/heads/main",
    repository: "acme/shop",
    repository_owner: "acme",
    ref: "refs/heads/main",
    workflow: "migrate",
    nbf: now() - 600,
  },
  "GitLab CI": {
    sub: "project_path:acme/shop:ref_type:branch:ref:main",
    project_path: "acme/shop",
    ref: "main",
    ref_protected: "true",
    pipeline_id: "4711",
    nbf: now() - 5,
  },
  Kubernetes: {
    sub: "system:serviceaccount:shop:migrate",
    aud: ["sallyport"],
    "kubernetes.io": { namespace: "shop", serviceaccount: { name: "migrate", uid: "1" } },
    nbf: now(),
  },
};

test.skipIf(!hasPsql()).each(Object.entries(platforms))(
  "%s: the job's own token, by `sally connect` and as the password",
  async (name, claims) => {
    const usual = { kind: undefined, groups: undefined };
    const token = await issuer.sign(issuer.claims({ ...usual, ...claims }), {
      header: { typ: name === "Kubernetes" ? undefined : "JWT" },
    });
    const file = join(directory, "token");
    await writeFile(file, token);
    const text = "SELECT count(*) FROM customers";
    const { PGHOST = "", PGPORT = "", PGSSLROOTCERT = "" } = await cluster.env("ci-runner", token);
    const connected = await runSally(["connect", "shop", "--", "psql", "-Atc", text], {
      cwd: directory,
      env: {
        SALLY_GATEWAY: `${PGHOST}:${PGPORT}`,
        SALLY_CA: PGSSLROOTCERT,
        ...(name === "GitLab CI" && { SALLY_TOKEN: token }),
        ...(name === "GitHub Actions" && { SALLY_TOKEN_COMMAND: `cat '${file}'` }),
        ...(name === "Kubernetes" && { SALLY_TOKEN_FILE: file }),
      },
    });
    expect(connected.stderr).toBe("");
    expect(connected.stdout).toMatch(/^\d+\n$/);
    expect((await cluster.psql("job", text, { token })).stdout).toBe(connected.stdout);
    const other = { sub: "stranger", repository: "evil/shop", project_path: "evil/shop" };
    const stranger = await issuer.sign(issuer.claims({ ...usual, ...claims, ...other }));
    const refused = await cluster.psql("job", text, { token: stranger });
    expect(refused.stderr).toContain("is not open to you");
  },
);

const statement = "SELECT count(*) FROM customers";

/** How a job finds the gateway: all that its recipe leaves to whoever installs it. */
async function place(): Promise<Record<string, string>> {
  const { PGHOST = "", PGPORT = "", PGSSLROOTCERT = "" } = await cluster.env("ci-runner", "none");
  return { SALLY_GATEWAY: `${PGHOST}:${PGPORT}`, SALLY_CA: PGSSLROOTCERT };
}

/** A folder with the job's own program, and `sally` on the path. */
async function checkout(program: string): Promise<{ cwd: string; PATH: string }> {
  const cwd = await mkdtemp(join(directory, "job-"));
  const bin = join(cwd, "bin");
  await mkdir(bin);
  const write = async (file: string, text: string): Promise<void> => {
    await writeFile(file, `#!/bin/sh\n${text}\n`);
    await chmod(file, 0o755);
  };
  await write(join(bin, "sally"), `exec '${process.execPath}' '${sallyMain}' "$@"`);
  await write(join(cwd, program), `exec psql -Atc '${statement}'`);
  return { cwd, PATH: `${bin}:${process.env["PATH"] ?? ""}` };
}

async function step(
  run: readonly [string, ...string[]],
  env: Record<string, string>,
  cwd: string,
): Promise<{ stdout: string; stderr: string; code: number | null }> {
  const child = spawn(run[0], run.slice(1), { cwd, env: { ...process.env, ...env } });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { ...said, code };
}

const jobToken = (of: TestIssuer, claims: object, audience = "sallyport"): Promise<string> =>
  of.sign(of.claims({ kind: undefined, groups: undefined, ...claims, aud: audience }));

describe.skipIf(!hasPsql())("what docs/clients.md tells jobs to do", () => {
  const Step = z.tuple([
    z.strictObject({ env: z.record(z.string(), z.string()), run: z.string() }),
  ]);
  const tools = ["curl", "jq"].every((tool) => spawnSync(tool, ["--version"]).status === 0);

  test.skipIf(!tools)(
    "GitHub Actions: the step as it stands, its token from where a runner's comes from (needs curl and jq)",
    async () => {
      const asked: string[] = [];
      const server: Server = createServer((request, answer) => {
        const url = new URL(request.url ?? "", "http://localhost");
        asked.push(`${request.headers.authorization} ${url.search}`);
        void jobToken(
          actions,
          platforms["GitHub Actions"],
          url.searchParams.get("audience") ?? "",
        ).then((value) => answer.end(JSON.stringify({ count: 1, value })));
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      onTestFinished(() => void server.close());
      const [{ env, run }] = Step.parse(yamlOf("GitHub Actions")[0]);
      expect(Object.keys(env)).toEqual(["SALLY_GATEWAY", "SALLY_TOKEN_COMMAND"]);
      const { cwd, PATH } = await checkout("migrate.sh");
      const ran = await step(
        ["bash", "-e", "-c", run],
        {
          ...env,
          ...(await place()),
          PATH,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: "of-the-runner",
          ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token?api-version=2.0`,
        },
        cwd,
      );
      expect(ran).toEqual({
        stdout: expect.stringMatching(/^\d+\n$/) as string,
        stderr: "",
        code: 0,
      });
      expect(new Set(asked)).toEqual(
        new Set(["bearer of-the-runner ?api-version=2.0&audience=sallyport"]),
      );
      await cluster.recorded(
        ({ principal }) => principal === "github#repo:acme/shop:ref:refs/heads/main",
      );
    },
  );

  test("GitLab CI: the script as it stands, with the token that `id_tokens` asks for", async () => {
    const [recipe] = yamlOf("GitLab CI");
    const { migrate } = z
      .strictObject({
        migrate: z.strictObject({
          id_tokens: z.record(z.string(), z.strictObject({ aud: z.string() })),
          script: z.array(z.string()),
        }),
      })
      .parse(recipe);
    const tokens: Record<string, string> = {};
    for (const [name, { aud }] of Object.entries(migrate.id_tokens))
      tokens[name] = await jobToken(issuer, platforms["GitLab CI"], aud);
    const { cwd, PATH } = await checkout("migrate.sh");
    const ran = await step(
      ["bash", "-e", "-c", migrate.script.join("\n")],
      { ...tokens, ...(await place()), PATH },
      cwd,
    );
    expect(ran).toMatchObject({
      stdout: expect.stringMatching(/^\d+\n$/) as string,
      stderr: "",
      code: 0,
    });
  });

  test("Kubernetes: the container's command and variables as they stand, its token where the volume has it", async () => {
    const [recipe] = yamlOf("Kubernetes");
    const { spec } = z
      .object({
        spec: z.object({
          containers: z.tuple([
            z.object({
              command: z.tuple([z.string()], z.string()),
              env: z.array(z.object({ name: z.string(), value: z.string() })),
              volumeMounts: z.tuple([z.object({ mountPath: z.string() })]),
            }),
          ]),
          volumes: z.tuple([
            z.object({
              projected: z.object({
                sources: z.tuple([
                  z.object({
                    serviceAccountToken: z.object({ audience: z.string(), path: z.string() }),
                  }),
                ]),
              }),
            }),
          ]),
        }),
      })
      .parse(recipe);
    const [{ command, env, volumeMounts }] = spec.containers;
    const [{ serviceAccountToken: wanted }] = spec.volumes[0].projected.sources;
    const { cwd, PATH } = await checkout("job");
    const mounted = join(volumeMounts[0].mountPath, wanted.path);
    const file = join(cwd, mounted);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, await jobToken(issuer, platforms.Kubernetes, wanted.audience));
    const variables = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    expect(variables["SALLY_TOKEN_FILE"]).toBe(mounted);
    const ran = await step(
      command,
      { ...variables, ...(await place()), PATH, SALLY_TOKEN_FILE: file },
      cwd,
    );
    expect(ran).toMatchObject({
      stdout: expect.stringMatching(/^\d+\n$/) as string,
      stderr: "",
      code: 0,
    });
  });
});

describe.skipIf(!hasPsql())("what docs/clients.md tells each client's program to say", () => {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const runs = (command: string, ...args: readonly string[]): boolean =>
    spawnSync(command, args, { stdio: "ignore" }).status === 0;
  const node = (program: string): [string, ...string[]] => [
    process.execPath,
    "--input-type=module",
    "-e",
    `import { readFileSync } from "node:fs";
     const ca = readFileSync(process.env.PGSSLROOTCERT, "utf8");
     const token = () => readFileSync(process.env.JOB_TOKEN, "utf8");
     ${program}`,
  ];
  const python = (program: string): [string, ...string[]] => ["python3", "-c", program];
  const imports = (module: string): boolean => runs("python3", "-c", `import ${module}`);
  const php = runs(
    "php",
    "-r",
    "exit(extension_loaded('pgsql') && extension_loaded('pdo_pgsql') ? 0 : 1);",
  );
  const psycopg = (module: string, code = ""): [string, ...string[]] =>
    python(
      `import ${module}\ncursor = ${code.replace("psycopg", module)}.cursor()\ncursor.execute("${statement}")\nprint(cursor.fetchone()[0])`,
    );
  const [pg = "", pgPassword = ""] = codeOf("node-postgres");
  const [postgres = ""] = codeOf("postgres.js");
  const [python3 = ""] = codeOf("psycopg 3");
  const [asyncpg = ""] = codeOf("asyncpg");
  const [dbi = ""] = codeOf("DBD::Pg");
  const [pgConnect = "", dsn = ""] = codeOf("PHP");
  const withPg = (made: string): [string, ...string[]] =>
    node(`import pg from "pg";
      const client = ${made};
      await client.connect();
      console.log((await client.query("${statement}")).rows[0].count);
      await client.end();`);
  const programs: [name: string, there: boolean, run: [string, ...string[]]][] = [
    ["node-postgres", true, withPg(pg)],
    [
      "node-postgres, with a function for a password",
      true,
      withPg(`delete process.env.PGPASSFILE && ${pg.replace(" })", `, ${pgPassword} })`)}`),
    ],
    [
      "postgres.js",
      true,
      node(`import postgres from "postgres";
        const sql = ${postgres};
        console.log((await sql\`${statement}\`)[0].count);
        await sql.end();`),
    ],
    ["psycopg 3", imports("psycopg"), psycopg("psycopg", python3)],
    ["psycopg 2", imports("psycopg2"), psycopg("psycopg2", python3)],
    [
      "asyncpg",
      imports("asyncpg"),
      python(
        `import asyncio, asyncpg, os, ssl\nca = os.environ["PGSSLROOTCERT"]\nasync def main():\n    c = await ${asyncpg}\n    print(await c.fetchval("${statement}"))\n    await c.close()\nasyncio.run(main())`,
      ),
    ],
    [
      "DBD::Pg",
      runs("perl", "-MDBD::Pg", "-e", "1"),
      ["perl", "-MDBI", "-e", `print ${dbi}->selectrow_array("${statement}"), "\\n"`],
    ],
    [
      "PHP, pgsql",
      php,
      ["php", "-r", `echo pg_fetch_result(pg_query(${pgConnect}, "${statement}"), 0, 0), "\\n";`],
    ],
    [
      "PHP, PDO",
      php,
      [
        "php",
        "-r",
        `echo (new PDO($argv[1]))->query("${statement}")->fetchColumn(), "\\n";`,
        "--",
        // Its place in the DSN, by `sally connect`'s placeholders.
        ["{host}", "{port}", "{database}", "{ca}"].reduce(
          (text, one) => text.replace(/=…/, `=${one}`),
          dsn,
        ) + ";user={user}",
      ],
    ],
  ];

  for (const [name, there, run] of programs)
    test.skipIf(!there)(`${name} gets its rows`, async () => {
      expect(run.join(" ")).not.toContain("…");
      const token = await jobToken(issuer, platforms["GitLab CI"]);
      const file = join(directory, "job.token");
      await writeFile(file, token);
      const ran = await runSally(["connect", "orders", "--", ...run], {
        cwd: here,
        env: {
          ...(await place()),
          SALLY_TOKEN: token,
          JOB_TOKEN: file,
          // node-postgres says that it reads PGPASSFILE until version 9.
          NODE_NO_WARNINGS: "1",
        },
      });
      expect(ran).toEqual({
        stdout: expect.stringMatching(/^\d+\n$/) as string,
        stderr: "",
        code: 0,
      });
    });
});
