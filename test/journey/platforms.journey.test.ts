import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasPsql, runSally, startIssuer, type TestIssuer } from "@sallyport/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, type Cluster } from "./cluster.ts";

let cluster: Cluster;
let issuer: TestIssuer;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sallyport-platforms-"));
  issuer = await startIssuer({ alg: "RS256" });
  cluster = await startCluster({
    change: (config) => {
      config.identity.issuers["platform"] = {
        issuer: issuer.issuer,
        audience: "sallyport",
        claims: ["repository", "project_path"],
      };
    },
    policies: `
@id("acme-only")
permit (principal, action in [Action::"connect", Action::"read"], resource in Connection::"shop")
when { context.claims.hasTag("repository") && context.claims.getTag("repository").contains("acme/shop")
    || context.claims.hasTag("project_path") && context.claims.getTag("project_path").contains("acme/shop") };
@id("the-migration-job")
permit (principal == Workload::"platform#system:serviceaccount:shop:migrate",
        action in [Action::"connect", Action::"read"], resource in Connection::"shop");
`,
  });
});
afterAll(async () => {
  await cluster?.stop();
  await issuer?.stop();
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
