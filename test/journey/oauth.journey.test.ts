import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { toTarget } from "@sallyport/pgwire";
import { startIssuer, type TestIssuer } from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type Cluster } from "./cluster.ts";
import { gateway, RawClient } from "./raw-client.ts";

const run = promisify(execFile);
const hasLibpq18 = spawnSync("python3", ["-c", "import psycopg, psycopg_binary"]).status === 0;
const program = fileURLToPath(new URL("../clients/libpq_oauth.py", import.meta.url));

let cluster: Cluster;
let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startIssuer();
  cluster = await startCluster({
    change: (config) => {
      config.identity.issuers["ci"] = { issuer: issuer.issuer, audience: "sallyport" };
      config.listen!.postgres!.oauth = {
        users: ["oauth", "carol"],
        issuer: "ci",
        scope: "openid groups",
      };
    },
    policies: `
@id("all-read")
permit (principal in Group::"ci/ci", action in [Action::"connect", Action::"read"], resource in Connection::"shop");
@id("corp-reads")
permit (principal in Group::"corp/ci", action in [Action::"connect", Action::"read"], resource in Connection::"shop");
@id("pii-is-masked") @mask("email")
forbid (principal, action == Action::"read", resource in Tag::"pii");
`,
  });
});
afterAll(async () => {
  await cluster?.stop();
  await issuer?.stop();
});

const bearer = (token: string) => Buffer.from(`n,,\u0001auth=Bearer ${token}\u0001\u0001`);

/** Up to what the gateway offers for logging in. */
async function begun(user = "oauth"): Promise<RawClient> {
  const { host, port, ca, parameters } = await gateway(cluster, "ci-runner", {
    password: "",
    parameters: { user },
  });
  const client = await RawClient.start({ host, port, ca, parameters });
  await client.until((said) => said.length > 0);
  return client;
}

/** The last AuthenticationSASLContinue, as JSON. */
function challenge(client: RawClient): unknown {
  const last = client.heard.findLast((message) => message.kind === "authentication");
  if (last?.kind !== "authentication" || last.method !== "sasl-continue")
    throw new Error("no challenge came");
  return JSON.parse(last.data.toString());
}

const where = () => ({
  status: "invalid_token",
  scope: "openid groups",
  "openid-configuration": `${issuer.issuer}/.well-known/openid-configuration`,
});

test("is offered alone to the names that the config says, and the password to all others", async () => {
  for (const user of ["oauth", "carol"]) {
    await using client = await begun(user);
    expect(client.heard[0]).toEqual({
      kind: "authentication",
      method: "sasl",
      mechanisms: ["OAUTHBEARER"],
    });
  }
  await using client = await begun("alice");
  expect(client.heard[0]).toMatchObject({ method: "cleartext-password" });
});

test("a token opens a session under the same rules as a password", async () => {
  await using client = await begun();
  client.send(toTarget.saslInitialResponse("OAUTHBEARER", bearer(await issuer.sign())));
  expect((await client.ready()).at(-1)).toBe("ready I");
  expect(await client.query("SELECT email FROM customers WHERE id = 1")).toContain(
    "row a***@example.com",
  );
  expect(await client.query("DELETE FROM orders")).toContain("error 42501");
});

test("a client that sends no initial response is asked for it", async () => {
  await using client = await begun();
  // -1 for no response at all.
  const mechanism = Buffer.from("OAUTHBEARER\0\xff\xff\xff\xff", "latin1");
  const frame = Buffer.alloc(5 + mechanism.length);
  frame.write("p");
  frame.writeInt32BE(4 + mechanism.length, 1);
  mechanism.copy(frame, 5);
  client.send(frame);
  await client.until((said) => said.length > 0);
  expect(client.heard.at(-1)).toMatchObject({ method: "sasl-continue", data: Buffer.alloc(0) });
  client.send(toTarget.saslResponse(bearer(await issuer.sign())));
  expect((await client.ready()).at(-1)).toBe("ready I");
});

describe("who has no good token is told where to get one, and then refused", () => {
  const now = () => Math.floor(Date.now() / 1000);
  test.each<[string, () => Promise<string>, string]>([
    ["empty", () => Promise.resolve(""), "no token came"],
    [
      "expired",
      () => issuer.sign(issuer.claims({ iat: now() - 900, exp: now() - 600 })),
      "the token has expired",
    ],
    [
      "of another audience",
      () => issuer.sign(issuer.claims({ aud: "other" })),
      "the token is not meant for this gateway",
    ],
    [
      "of an unknown issuer",
      () => issuer.sign(issuer.claims({ iss: "https://nobody.example" })),
      "the token's issuer is not known here",
    ],
    [
      "longer-lived than it may be",
      () => issuer.sign(issuer.claims({ exp: now() + 90_000 })),
      "the token lives longer than its issuer may grant here, or does not say how long",
    ],
    ["no JWT", () => Promise.resolve("abc"), "what came is not a token that can be read"],
  ])("%s", async (_what, token, message) => {
    await using client = await begun();
    const text = await token();
    const response = text === "" ? Buffer.from("n,,\u0001auth=\u0001\u0001") : bearer(text);
    client.send(toTarget.saslInitialResponse("OAUTHBEARER", response));
    await client.until((said) => said.length > 0);
    expect(challenge(client)).toEqual(where());
    client.send(toTarget.saslResponse(Buffer.from([1])));
    expect(await client.ready()).toEqual([expect.stringMatching(/^error 28P01/), "end"]);
    expect(client.error.message).toBe(message);
  });

  test("a revoked principal needs no other token, and is refused at once", async () => {
    await cluster.sally(["identity", "revoke", "ci#leaver"]);
    await using client = await begun();
    const token = await issuer.sign(issuer.claims({ sub: "leaver" }));
    client.send(toTarget.saslInitialResponse("OAUTHBEARER", bearer(token)));
    expect(await client.ready()).toEqual(["error 28000", "end"]);
    expect(client.error.message).toBe("the principal is revoked");
  });
});

describe("what is no OAUTHBEARER ends the connection, and is not quoted", () => {
  const sasl = (text: string) =>
    toTarget.saslInitialResponse("OAUTHBEARER", Buffer.from(text, "latin1"));
  test.each<[string, Buffer, string]>([
    [
      "another mechanism",
      toTarget.saslInitialResponse("PLAIN", Buffer.from("\0secret\0secret")),
      "22023",
    ],
    ["a password", toTarget.passwordMessage("secret"), "08P01"],
    ["no pairs", sasl("n,,secret"), "08P01"],
    ["a pair that is none", sasl("n,,\u0001secret\u0001\u0001"), "08P01"],
    [
      "two tokens",
      sasl("n,,\u0001auth=Bearer secret\u0001auth=Bearer secret\u0001\u0001"),
      "08P01",
    ],
    ["an authorization identity", sasl("n,a=secret,\u0001auth=Bearer x\u0001\u0001"), "22023"],
    ["channel binding", sasl("p=tls-exporter,,\u0001auth=Bearer x\u0001\u0001"), "08P01"],
    [
      "more than a log-in may take",
      sasl(`n,,\u0001auth=Bearer ${"secret".repeat(11_000)}\u0001\u0001`),
      "54000",
    ],
    [
      "a token that is too long",
      sasl(`n,,\u0001auth=Bearer ${"secret".repeat(8000)}\u0001\u0001`),
      "28P01",
    ],
    ["a statement", toTarget.query("SELECT 'secret'"), "08P01"],
  ])("%s", async (_what, frame, sqlstate) => {
    await using client = await begun();
    client.send(frame);
    expect(await client.ready()).toEqual([`error ${sqlstate}`, "end"]);
    expect(JSON.stringify(client.error)).not.toContain("secret");
  });

  test("a client that leaves after the challenge is still on record as refused", async () => {
    await using client = await begun();
    const expired = issuer.claims({ sub: "gone", iat: 1_700_000_000, exp: 1_700_000_060 });
    client.send(toTarget.saslInitialResponse("OAUTHBEARER", bearer(await issuer.sign(expired))));
    await client.until((said) => said.length > 0);
    client.socket.destroy();
    const session = await cluster.archived(
      ({ principal, closed }) => principal === "ci#gone" && closed !== null,
    );
    const events = await cluster.sallyJson(["replay", String(session["session"])]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: "close", reason: "token-expired" }),
    );
    expect(JSON.stringify(events)).toContain('"authentication":"oauthbearer"');
  });
});

describe.skipIf(!hasLibpq18)("libpq 18 (psycopg)", () => {
  const connect = async (token: string, over: Record<string, string> = {}): Promise<string[]> => {
    const { PGPASSWORD: _, PGUSER: __, ...env } = await cluster.env("ci-runner", "none");
    const settings = {
      user: "oauth",
      oauth_issuer: issuer.issuer,
      oauth_client_id: "sallyport",
      require_auth: "oauth",
      ...over,
    };
    const words = Object.entries(settings).map(([name, value]) => `${name}='${value}'`);
    // PGOAUTHDEBUG: the issuer of this test speaks plain HTTP on loopback.
    const { stdout } = await run("python3", [program, words.join(" ")], {
      env: { ...process.env, ...env, TOKEN: token, PGOAUTHDEBUG: "UNSAFE" },
    });
    return stdout.trim().split("\n");
  };

  test("asks the gateway where its tokens come from, and logs in with one", async () => {
    const said = await connect(await issuer.sign());
    expect(said).toEqual([
      `asked ${issuer.issuer}/.well-known/openid-configuration openid groups`,
      "('Ada Brandt', 'a***@example.com')",
    ]);
  });

  test("is told why a token is refused", async () => {
    const said = await connect(await issuer.sign(issuer.claims({ aud: "other" })));
    expect(said.join("\n")).toContain("the token is not meant for this gateway");
  });

  test("does not go to an issuer that it does not expect", async () => {
    const said = await connect(await issuer.sign(), { oauth_issuer: "http://127.0.0.1:1" });
    expect(said.join("\n")).toContain("is incompatible with oauth_issuer");
  });

  test("the evidence has how it logged in, and no token", async () => {
    const token = await issuer.sign(issuer.claims({ sub: "by-libpq" }));
    await connect(token);
    const session = await cluster.archived(({ principal }) => principal === "ci#by-libpq");
    const events = JSON.stringify(await cluster.sallyJson(["replay", String(session["session"])]));
    expect(events).toContain('"authentication":"oauthbearer"');
    expect(events + (await cluster.log())).not.toContain(token.slice(0, 80));
    expect(events + (await cluster.log())).not.toContain(token.split(".")[2]);
  });
});
