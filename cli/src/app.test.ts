import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSally } from "@sallyport/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

let directory: string;
let config: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "sallyport-cli-"));
  mkdirSync(join(directory, "policies"));
  writeFileSync(
    join(directory, "policies", "a.cedar"),
    `@id("ci-connects") permit (principal in Group::"corp/ci", action == Action::"connect", resource);\n`,
  );
  config = join(directory, "sallyport.yaml");
  writeFileSync(
    config,
    `identity: { issuers: { corp: { issuer: "https://idp.example.com", audience: sallyport } } }
connections:
  orders:
    protocol: postgres
    target: { host: 127.0.0.1, port: 1, database: orders, tls: off }
    credentials: { username: app }
policies: ./policies
`,
  );
});
afterAll(() => rmSync(directory, { recursive: true }));

test("`sally query` says that it is not there yet and what does until then, and fails", async () => {
  const { code, stderr } = await runSally(["query"]);
  const [said, hint] = stderr.trim().split("\n");
  expect([code, said]).toEqual([1, "sally: `sally query` is not there yet"]);
  expect(hint).toContain("sally sessions list --json");
});

test("`sally --version` says it", async () => {
  const { code, stdout } = await runSally(["--version"]);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
});

test("wrong usage exits with 2 and says what is near", async () => {
  const { code, stderr } = await runSally(["aply"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("Did you mean apply?")]);
});

test("`policy explain` exits with 0 for a pass and 1 for a deny, and says which policy it was", async () => {
  const ask = [
    "policy",
    "explain",
    "--config",
    config,
    "--connection",
    "orders",
    "--principal",
    "corp#x",
  ];
  const pass = await runSally([...ask, "--group", "ci"]);
  expect([pass.code, pass.stdout]).toEqual([0, expect.stringContaining("ci-connects (a.cedar:1)")]);
  const deny = await runSally([...ask, "--json"]);
  expect([deny.code, JSON.parse(deny.stdout)]).toMatchObject([1, { decision: "deny" }]);
});

test("where nothing runs, a command that needs it says so", async () => {
  const { code, stderr } = await runSally(["identity", "list", "--config", config]);
  expect([code, stderr]).toEqual([1, expect.stringContaining("start `sally up`")]);
});

test("a principal of an unknown issuer is refused before anything is asked", async () => {
  const { code, stderr } = await runSally(["identity", "revoke", "crop#x", "--config", config]);
  expect([code, stderr]).toEqual([1, expect.stringContaining("did you mean `corp`?")]);
});
