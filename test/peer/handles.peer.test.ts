import { IssuedHandle, streams, subjects, type Verified } from "@sallyport/contracts";
import { waitFor } from "@sallyport/testkit";
import { describe, expect, test } from "vitest";
import { HandleBox } from "../../services/authn/src/handle-box.ts";
import { Authn } from "./authn.fixture.ts";

/** One HTTP call. */
async function exchange(authn: Authn, bearer: string | null): Promise<Response> {
  return fetch(`${authn.http}/v1/handles`, {
    method: "POST",
    ...(bearer !== null && { headers: { authorization: `Bearer ${bearer}` } }),
  });
}

async function handleOf(authn: Authn, token: string): Promise<IssuedHandle> {
  const answer = await exchange(authn, token);
  expect(answer.status).toBe(201);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  return IssuedHandle.parse(await answer.json());
}

const codeOf = async (answer: Promise<Response>): Promise<string> =>
  ((await (await answer).json()) as { code: string }).code;

/** As a worker asks. */
const logIn = (authn: Authn, handle: string, address?: string): Promise<Verified> =>
  authn.ask(handle, address, true);

test.concurrent("a token's handle opens sessions as the token does, and asking again gives the same", async () => {
  await using authn = await Authn.start();
  const claims = authn.issuer.claims({ groups: ["ci", "ops"] });
  const token = await authn.issuer.sign(claims);
  const issued = await handleOf(authn, token);
  expect(issued.handle.length).toBeLessThanOrEqual(63);
  expect(issued.principal).toBe("corp#ci-runner");
  expect(issued.expires).toBe((claims.exp ?? 0) * 1000);
  const [byToken, byHandle] = [await authn.ask(token), await logIn(authn, issued.handle)];
  expect(byHandle).toMatchObject({ type: "verified" });
  expect({ ...byHandle, until: 0 }).toEqual({ ...byToken, until: 0 });
  expect((await handleOf(authn, token)).handle).toBe(issued.handle);
  expect((await handleOf(authn, await authn.issuer.sign())).handle).not.toBe(issued.handle);
});

test.concurrent("any process of authn takes it, also one that began later", async () => {
  await using authn = await Authn.start();
  const { handle } = await handleOf(authn, await authn.issuer.sign());
  await authn.again();
  expect(await logIn(authn, handle)).toMatchObject({ type: "verified" });
});

describe("it is no more than the token", () => {
  test.concurrent("it ends when the token ends, to the second", async () => {
    await using authn = await Authn.start();
    const now = Math.floor(Date.now() / 1000);
    const token = await authn.issuer.sign(authn.issuer.claims({ exp: now + 8 }));
    const { handle } = await handleOf(authn, token);
    expect(await logIn(authn, handle)).toMatchObject({ type: "verified" });
    await waitFor(() => Date.now() >= (now + 8) * 1000, { what: "the token's end" });
    expect(await logIn(authn, handle)).toMatchObject({ code: "token-expired" });
    // Clocks may differ by 30 s, so the token itself is still taken; a handle of it is not given any more.
    expect(await authn.ask(token)).toMatchObject({ type: "verified" });
    expect(await codeOf(exchange(authn, token))).toBe("token-expired");
  });

  test.concurrent("revocation and restoration are its principal's", async () => {
    await using authn = await Authn.start();
    const token = await authn.issuer.sign();
    const { handle } = await handleOf(authn, token);
    await authn.order("revoke", "corp#ci-runner");
    expect(await logIn(authn, handle)).toMatchObject({ code: "revoked" });
    expect(await codeOf(exchange(authn, token))).toBe("revoked");
    await authn.order("restore", "corp#ci-runner");
    expect(await logIn(authn, handle)).toMatchObject({ type: "verified" });
  });

  test.concurrent("when the issuer takes back the key that signed, it goes with it", async () => {
    await using authn = await Authn.start();
    await authn.again({ keys: { refreshEvery: 100, cooldown: 0 } });
    const token = await authn.issuer.sign();
    const { handle } = await handleOf(authn, token);
    await authn.issuer.rotate();
    const { fetches } = authn.issuer;
    await waitFor(() => authn.issuer.fetches > fetches + 1, { what: "the new keys" });
    expect(await authn.ask(token)).toMatchObject({ code: "token-key-unknown" });
    expect(await logIn(authn, handle)).toMatchObject({ code: "token-key-unknown" });
  });

  test.concurrent("when the issuer's entry in the config changes, it goes with it", async () => {
    await using authn = await Authn.start();
    const { handle } = await handleOf(authn, await authn.issuer.sign());
    await authn.again({ audience: "another" });
    expect(await logIn(authn, handle)).toMatchObject({ code: "token-issuer" });
  });

  test.concurrent("it opens sessions only: no approval, no further handle", async () => {
    await using authn = await Authn.start();
    const { handle } = await handleOf(authn, await authn.issuer.sign());
    expect(await authn.ask(handle)).toMatchObject({ code: "handle-misplaced" });
    expect(await codeOf(exchange(authn, handle))).toBe("handle-misplaced");
  });
});

test.concurrent("what is no good token gets none, and the answer says why", async () => {
  await using authn = await Authn.start();
  const { issuer } = authn;
  expect(await codeOf(exchange(authn, null))).toBe("token-missing");
  expect(await codeOf(exchange(authn, "abc"))).toBe("token-unreadable");
  expect(await codeOf(exchange(authn, await issuer.sign(issuer.claims({ aud: "other" }))))).toBe(
    "token-audience",
  );
  const wrong = await exchange(authn, "abc");
  expect(wrong.status).toBe(401);
  expect(await wrong.json()).toMatchObject({ hint: expect.stringContaining("JWT") });
});

describe("attacks", () => {
  test("guessing is slowed by address, whatever the guess looks like; others are served", async () => {
    await using authn = await Authn.start();
    const { handle } = await handleOf(authn, await authn.issuer.sign());
    const guess = handle.slice(0, -1) + (handle.endsWith("a") ? "b" : "a");
    const tries = [guess, "sally_", "sally_x", handle.toUpperCase(), `${handle}a`, `${handle}\n`];
    const codes = new Set<string>();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => logIn(authn, tries[index % 6] ?? "", "10.0.0.7:1")),
    );
    for (const answer of answers) codes.add(answer.type === "unverified" ? answer.code : "in");
    expect([...codes].toSorted()).toEqual(["handle-unknown", "token-unreadable"]);
    expect(await logIn(authn, handle, "10.0.0.7:99")).toMatchObject({ code: "log-in-slowed" });
    expect(await logIn(authn, handle, "10.0.0.8:1")).toMatchObject({ type: "verified" });
  });

  test.concurrent("the bucket tells neither handle nor token nor who it is, and cannot be forged", async () => {
    await using authn = await Authn.start();
    const token = await authn.issuer.sign();
    const { handle } = await handleOf(authn, token);
    const box = new HandleBox(authn.sealing.seed);
    const setup = await authn.bus.connect("setup");
    const subject = (of: string) => `$KV.handles.handle.${box.hashOf(of)}`;
    const read = await setup.nats.request(`$JS.API.DIRECT.GET.KV_handles.${subject(handle)}`, "");
    const stored = read.string();
    const all = `${read.headers?.get("Nats-Subject")} ${stored}`;
    for (const secret of [handle, handle.slice(6), token, token.split(".")[2] ?? "", "ci-runner"])
      expect(all).not.toContain(secret);

    // Somebody who can write the bucket moves what stands for one principal to a handle of theirs.
    const other = await handleOf(authn, await authn.issuer.sign(authn.issuer.claims({ sub: "x" })));
    await setup.nats.request(subject(other.handle), stored);
    expect(await logIn(authn, other.handle)).toMatchObject({ code: "handle-unknown" });
    // Or writes what authn would read, under a key of their own.
    const mine = new HandleBox("somebody else's");
    const forged = { v: 1, type: "handle", sealed: mine.seal(handle, '{"principal":{}}') };
    await setup.nats.request(subject(handle), JSON.stringify(forged));
    expect(await logIn(authn, handle)).toMatchObject({ code: "handle-unknown" });
    await setup.nats.request(subject(handle), "no JSON");
    expect(await logIn(authn, handle)).toMatchObject({ code: "authn-absent" });
  });

  test.concurrent("nobody but authn reads or writes the bucket", async () => {
    await using authn = await Authn.start();
    for (const user of ["w1", "policy", "approval", "recorder", "operator"]) {
      const bus = await authn.bus.connect(user);
      for (const subject of [
        "$KV.handles.handle.x",
        "$JS.API.DIRECT.GET.KV_handles.$KV.handles.handle.x",
        "$JS.API.STREAM.MSG.GET.KV_handles",
        "$JS.API.CONSUMER.CREATE.KV_handles.x.$KV.handles.>",
      ])
        await expect(bus.nats.request(subject, "{}", { timeout: 300 })).rejects.toThrow(
          /timeout|permission|responders/i,
        );
      await bus.stop();
    }
  });

  test.concurrent("the exchange is on record: who, from where, of which token, and no secret", async () => {
    await using authn = await Authn.start();
    const claims = authn.issuer.claims();
    const token = await authn.issuer.sign(claims);
    const { handle } = await handleOf(authn, token);
    const setup = await authn.bus.connect("setup");
    const record = await waitFor(
      async () => {
        const found = await setup.nats.request(
          `$JS.API.STREAM.MSG.GET.${streams.record(0)}`,
          JSON.stringify({ last_by_subj: subjects.record(0, "authn", "event") }),
        );
        const { message } = found.json<{ message?: { data: string } }>();
        return message && Buffer.from(message.data, "base64").toString();
      },
      { what: "the act" },
    );
    expect(record).toContain('"purpose":"handle"');
    expect(record).toContain(`of token ${String(claims.jti)} from 127.0.0.1`);
    expect(record).toContain('"by":"corp#ci-runner"');
    expect(record).not.toContain(handle.slice(6));
    expect(record).not.toContain(token.split(".")[2]);
  });

  test("a storm of exchanges from one address is cut off", async () => {
    await using authn = await Authn.start();
    const token = await authn.issuer.sign();
    const codes: number[] = [];
    for (let count = 0; count < 130; count++) codes.push((await exchange(authn, token)).status);
    expect(codes.filter((code) => code === 201)).toHaveLength(120);
    expect(codes.filter((code) => code === 429)).toHaveLength(10);
  });
});
