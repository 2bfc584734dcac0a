import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sealer, setUpBus, takeMessages } from "@sallyport/bus";
import { Control, keys, subjects, Verified, type Revocation } from "@sallyport/contracts";
import { DirectoryStore, type ArchiveStore } from "@sallyport/evidence";
import { createSealingKey } from "@sallyport/runtime";
import { waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { Authn } from "./authn.fixture.ts";
import { smallLayout } from "./bus.fixture.ts";

test.concurrent("a sealed token is answered with its principal, and crosses the bus unreadable", async () => {
  await using authn = await Authn.start();
  const token = await authn.issuer.sign();
  expect(await authn.ask(token)).toMatchObject({
    type: "verified",
    principal: { id: "corp#ci-runner" },
    revocations: 1,
  });
  const { sealed } = authn.sealer.seal(token);
  expect(sealed + Buffer.from(sealed, "base64").toString("latin1")).not.toContain("eyJ");
  expect(await authn.ask("no token")).toMatchObject({ code: "token-unreadable" });
  const wrongKey = new Sealer(createSealingKey().publicKey).seal(token);
  const question = { v: 1, type: "verify", ...wrongKey, address: "10.0.0.2:1" };
  expect(await authn.requests.ask(subjects.verify, question, Verified, 5000)).toMatchObject({
    code: "token-unreadable",
  });
});

test.concurrent("a question whose answer would go to a strange place is not answered", async () => {
  await using authn = await Authn.start();
  const question = {
    v: 1,
    type: "verify",
    ...authn.sealer.seal(await authn.issuer.sign()),
    address: "10.0.0.1:1",
  };
  const heard: string[] = [];
  authn.worker.subscribe("sp.ctl.all.>", (message) => heard.push(message.subject));
  authn.worker.publish(subjects.verify, JSON.stringify(question), "sp.ctl.all.end");
  authn.worker.publish(subjects.verify, JSON.stringify({ ...question, extra: 1 }), "_R.w1.x.y");
  await authn.worker.flush();
  await authn.ask(await authn.issuer.sign());
  expect(authn.bus.alarms.names).toEqual(["reply-subject", "message-unreadable"]);
  expect(heard).toEqual([]);
});

test("a revocation is told to workers at once, and a restoration lets in again", async () => {
  await using authn = await Authn.start();
  const orders: Control[] = [];
  takeMessages(authn.worker, subjects.controlAll, Control, (order) => orders.push(order));
  const revoked: string[] = [];
  authn.revocations.onRevoked(({ principal }) => revoked.push(principal));
  await authn.worker.flush();
  const begun = performance.now();
  expect(await authn.order("revoke", "corp#ci-runner")).toMatchObject({ ok: true });
  await waitFor(() => revoked.length > 0 && orders.length > 0, { what: "the worker to hear" });
  expect(performance.now() - begun).toBeLessThan(3000);
  expect(orders).toEqual([
    { v: 1, type: "end", session: null, principal: "corp#ci-runner", by: "operator" },
  ]);
  expect(authn.revocations.of("corp#ci-runner")).toMatchObject({ by: "operator" });
  expect(await authn.ask(await authn.issuer.sign())).toMatchObject({
    type: "unverified",
    code: "revoked",
    principal: { id: "corp#ci-runner" },
  });
  const other = await authn.issuer.sign(authn.issuer.claims({ sub: "other" }));
  expect(await authn.ask(other)).toMatchObject({ type: "verified" });
  expect(await authn.order("restore", "corp#ci-runner")).toMatchObject({ ok: true });
  expect(await authn.ask(await authn.issuer.sign())).toMatchObject({ type: "verified" });
  await waitFor(() => authn.revocations.of("corp#ci-runner") === null, { what: "the worker" });
  expect(await authn.order("revoke", "nobody")).toMatchObject({ ok: false });
  expect(await authn.order("restore", "corp#never")).toMatchObject({ ok: true });
  expect(authn.bus.alarms.heard).toEqual([]);
});

test.concurrent("an act is in the record, under authn's own name", async () => {
  await using authn = await Authn.start();
  await authn.order("revoke", "corp#a");
  await authn.down();
  const setup = await authn.bus.connect("setup");
  const stored = await setup.nats.request(
    "$JS.API.DIRECT.GET.RECORD_0",
    JSON.stringify({ last_by_subj: "sp.rec.0.authn.event" }),
  );
  const events = stored
    .string()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string });
  expect(events).toMatchObject([
    { type: "open", protocol: "operator", n: 1, prev: null },
    { type: "own", purpose: "revoke", text: "corp#a: test", by: "operator", n: 2 },
    { type: "close", count: 3, n: 3 },
  ]);
});

test.concurrent("revocations survive the loss of the bus's storage, whether authn runs or not", async () => {
  await using authn = await Authn.start();
  for (const name of ["a", "b", "c"]) await authn.order("revoke", `corp#${name}`);
  await authn.order("restore", "corp#b");

  const loseStorage = async (): Promise<void> => {
    await authn.bus.nats.kill();
    await rm(authn.bus.nats.storeDirectory, { recursive: true });
    await mkdir(authn.bus.nats.storeDirectory);
    await authn.bus.nats.start();
    const setup = await authn.bus.connect("setup");
    await setUpBus(setup, smallLayout);
    await setup.stop();
  };
  const states = async (): Promise<Record<string, string>> => {
    const setup = await authn.bus.connect("setup");
    const found: Record<string, string> = {};
    for (const name of ["a", "b", "c"]) {
      const subject = `$KV.revocations.${keys.revocation(`corp#${name}`)}`;
      const answer = await setup.nats.request(`$JS.API.DIRECT.GET.KV_revocations.${subject}`, "");
      found[name] = answer.headers?.code === 404 ? "none" : answer.json<Revocation>().state;
    }
    await setup.stop();
    return found;
  };
  const asBefore = { a: "revoked", b: "restored", c: "revoked" };

  await loseStorage();
  await waitFor(() => authn.worker.connected && authn.revocations.current(), {
    what: "the bucket to be complete again",
  });
  expect(await states()).toEqual(asBefore);

  await authn.down();
  await loseStorage();
  await waitFor(() => authn.worker.connected, { what: "the worker" });
  expect(await states()).toEqual({ a: "none", b: "none", c: "none" });
  await waitFor(() => !authn.revocations.current(), {
    what: "the worker to know that it lacks it",
  });
  await authn.up();
  await waitFor(() => authn.revocations.current(), { what: "the bucket" });
  expect(await states()).toEqual(asBefore);
  const token = await authn.issuer.sign(authn.issuer.claims({ sub: "a" }));
  expect(await authn.ask(token)).toMatchObject({ code: "revoked" });
});

test("without authn a worker serves nobody after 2 s", async () => {
  await using authn = await Authn.start();
  await authn.down();
  const gone = performance.now();
  let last = gone;
  await waitFor(
    () => {
      const now = performance.now();
      if (!authn.revocations.current()) return true;
      last = now;
      return false;
    },
    { what: "the beat to be missed" },
  );
  // When it was seen to serve for the last time: a test that is held up sees less, not more.
  expect(last - gone).toBeLessThan(2500);
});

test.concurrent("an archive that cannot be written: a revocation bites, a restoration does not happen", async () => {
  const directory: { broken: boolean; store: DirectoryStore | null } = {
    broken: false,
    store: null,
  };
  const need = (): DirectoryStore => {
    if (directory.broken || !directory.store) throw new Error("the medium is gone");
    return directory.store;
  };
  const store: ArchiveStore = {
    putIfAbsent: async (key, bytes) => need().putIfAbsent(key, bytes),
    get: async (key, range) => need().get(key, range),
    head: async (key) => need().head(key),
    list: (prefix, after) => need().list(prefix, after),
  };
  const place = join(tmpdir(), `sallyport-archive-${process.pid}`);
  directory.store = new DirectoryStore(place);
  try {
    await using authn = await Authn.start(store);
    directory.broken = true;
    expect(await authn.order("revoke", "corp#ci-runner")).toMatchObject({ ok: false });
    await waitFor(() => authn.revocations.of("corp#ci-runner"), { what: "the worker" });
    expect(await authn.ask(await authn.issuer.sign())).toMatchObject({ code: "revoked" });
    expect(await authn.order("restore", "corp#ci-runner")).toMatchObject({ ok: false });
    expect(await authn.ask(await authn.issuer.sign())).toMatchObject({ code: "revoked" });
  } finally {
    await rm(place, { recursive: true, force: true });
  }
});

test.concurrent("an archive that does not answer: a revocation bites at once, and says what is missing", async () => {
  const place = join(tmpdir(), `sallyport-archive-hangs-${process.pid}`);
  const directory = new DirectoryStore(place);
  let answers = true;
  const store: ArchiveStore = {
    putIfAbsent: (key, bytes) =>
      answers ? directory.putIfAbsent(key, bytes) : new Promise(() => undefined),
    get: (key, range) => directory.get(key, range),
    head: (key) => directory.head(key),
    list: (prefix, after) => directory.list(prefix, after),
  };
  try {
    await using authn = await Authn.start(store);
    answers = false;
    let told = false;
    const ordered = authn.order("revoke", "corp#ci-runner").finally(() => (told = true));
    await waitFor(() => authn.revocations.of("corp#ci-runner"), { what: "the worker" });
    expect(told).toBe(false);
    expect(await ordered).toMatchObject({
      ok: false,
      message: "corp#ci-runner is revoked, but the archive cannot be written: try again",
    });
    answers = true;
    const inArchive = async (): Promise<boolean> => {
      for await (const key of directory.list("revocations/")) return key !== "";
      return false;
    };
    await waitFor(inArchive, { what: "the revocation in the archive once it answers" });
  } finally {
    await rm(place, { recursive: true, force: true });
  }
});

test.concurrent("an unreadable revocation in the archive keeps everybody out, and says so", async () => {
  await using authn = await Authn.start();
  await authn.down();
  await new DirectoryStore(authn.directory).putIfAbsent("revocations/x.json", Buffer.from("{}"));
  await authn.up();
  expect(await authn.ask(await authn.issuer.sign())).toMatchObject({ code: "authn-absent" });
  const ready = await fetch(`${authn.http}/readyz`);
  expect(ready.status).toBe(503);
});

test.concurrent("guessing is slowed by address, and a verified caller's failures stay its own", async () => {
  await using authn = await Authn.start();
  const now = Math.floor(Date.now() / 1000);
  const expired = await authn.issuer.sign(authn.issuer.claims({ iat: now - 400, exp: now - 100 }));
  for (let n = 0; n < 20; n++)
    expect(await authn.ask(expired)).toMatchObject({ code: "token-expired" });
  // Each three seconds one more is let through.
  const slowed = async (ask: () => Promise<unknown>) =>
    waitFor(
      async () => {
        const answer = await ask();
        return (answer as { code?: string }).code === "log-in-slowed" && answer;
      },
      { what: "it to be slowed", every: 1 },
    );
  expect(await slowed(() => authn.ask(expired))).toMatchObject({
    principal: { id: "corp#ci-runner" },
  });
  expect(await authn.ask(await authn.issuer.sign())).toMatchObject({ type: "verified" });
  for (let n = 0; n < 20; n++)
    expect(await authn.ask("guess", `10.0.0.9:${n + 1}`)).toMatchObject({
      code: "token-unreadable",
    });
  const good = await authn.issuer.sign();
  await slowed(async () => {
    await authn.ask("guess", "10.0.0.9:99");
    return authn.ask(good, "10.0.0.9:99");
  });
  expect(await authn.ask(good, "10.0.0.10:99")).toMatchObject({ type: "verified" });
});
