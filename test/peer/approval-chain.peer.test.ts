import { join } from "node:path";
import { startApproval, type RunningApproval } from "@sallyport/approval";
import { Requests, type Bus } from "@sallyport/bus";
import {
  Done,
  HoldList,
  Issuer,
  subjects,
  type HoldView,
  type Revoke,
  type Verdict,
} from "@sallyport/contracts";
import { DirectoryStore } from "@sallyport/evidence";
import { Alarms, createSealingKey, openLog } from "@sallyport/runtime";
import { startIssuer, waitFor, type TestIssuer } from "@sallyport/testkit";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startAuthn, type RunningAuthn } from "../../services/authn/src/app.ts";
import { bundleOf, operations, PolicyPeers, policies } from "./policy.fixture.ts";

/** A hold's whole way: policy, approval and authn as they are, real tokens, a worker that waits. */

const log = openLog("test", "error");
log.level = "silent";
const sealing = createSealingKey();

let peers: PolicyPeers;
let issuer: TestIssuer;
let authn: RunningAuthn;
let approval: RunningApproval;
let count = 0;
let text = "";

beforeAll(async () => {
  peers = await PolicyPeers.start();
  issuer = await startIssuer();
  authn = await startAuthn({
    bus: await peers.bus.connect("authn"),
    issuers: {
      corp: Issuer.parse({
        issuer: issuer.issuer,
        audience: "sallyport",
        kind: { claim: "kind", person: ["user"] },
      }),
    },
    sealingKey: sealing.seed,
    store: new DirectoryStore(join(peers.bus.directory, "archive")),
    http: { address: { host: "127.0.0.1", port: 0 } },
    log,
    alarms: new Alarms(log),
  });
  await peers.apply(bundleOf(policies));
  await peers.startPolicy();
  approval = await start();
});
beforeEach(() => {
  count += 1;
  text = `statement ${count}`;
});
afterAll(async () => {
  await approval.stop();
  await authn.stop();
  await issuer.stop();
  await peers[Symbol.asyncDispose]();
});

function start(): Promise<RunningApproval> {
  const credentials = peers.bus.credentials.get("approval");
  if (!credentials) throw new Error("approval is a user");
  return startApproval({
    servers: [peers.bus.nats.url],
    credentials,
    sealingPublicKey: sealing.publicKey,
    archive: new DirectoryStore(join(peers.bus.directory, "archive")),
    receivers: [],
    listen: { address: { host: "127.0.0.1", port: 0 } },
    log,
  });
}

const tokenOf = (sub: string, groups = ["dba"], kind = "user"): Promise<string> =>
  issuer.sign(issuer.claims({ sub, groups, kind }));

async function request(path: string, token: string, question?: object) {
  const response = await fetch(`http://127.0.0.1:${approval.http.port}/v1/approvals${path}`, {
    method: question ? "POST" : "GET",
    headers: {
      authorization: `Bearer ${token}`,
      ...(question && { "content-type": "application/json" }),
    },
    ...(question && { body: JSON.stringify(question) }),
  });
  const body: unknown = await response.json();
  return { status: response.status, body };
}

/** When approval has heard of the hold. */
async function listed({ hold }: Verdict): Promise<HoldView> {
  const token = await tokenOf("alice");
  return waitFor(
    async () => {
      const { approvals } = HoldList.parse((await request("?state=all", token)).body);
      return approvals.find((view) => view.hold === hold?.id);
    },
    { what: "the hold in the list" },
  );
}

async function answer(
  verdict: Verdict,
  who: string,
  said = "approve",
  groups = ["dba"],
  kind = "user",
) {
  await listed(verdict);
  const token = await tokenOf(who, groups, kind);
  return request(`/${verdict.hold?.id ?? ""}/answer`, token, { answer: said, reason: "seen" });
}

async function held(operation: keyof typeof operations, over = {}) {
  const sent = peers.command(operations[operation], { text, ...over });
  peers.send(sent);
  return { sent, verdict: await peers.verdict(sent) };
}

async function revoke(principal: string): Promise<void> {
  const operator: Bus = await peers.bus.connect("operator");
  const order: Revoke = { v: 1, type: "revoke", principal, by: "test", reason: "" };
  await new Requests(operator).ask(subjects.revoke, order, Done, 5000);
}

test("a person's answer lets the waiting command pass, once", async () => {
  const { sent, verdict } = await held("delete");
  expect(verdict).toMatchObject({ final: false, hold: { state: "open" } });
  expect(await listed(verdict)).toMatchObject({ principal: "corp#ci", command: text, waiting: 1 });
  expect((await answer(verdict, "alice")).status).toBe(200);
  expect(await peers.verdict(sent, 2)).toMatchObject({
    final: true,
    decision: "pass",
    hold: { id: verdict.hold?.id, state: "taken", approvers: ["corp#alice"] },
  });
  const again = await held("delete");
  expect(again.verdict.hold).toMatchObject({ state: "open" });
  expect(again.verdict.hold?.id).not.toBe(verdict.hold?.id);
});

test("a denial ends the wait", async () => {
  const { sent, verdict } = await held("delete");
  expect((await answer(verdict, "alice", "deny")).status).toBe(200);
  const final = await peers.verdict(sent, 2);
  expect(final).toMatchObject({ final: true, hold: { state: "denied" } });
  // Given again it is still one, and says what became of it.
  await peers.until(verdict, "denied");
  expect(await answer(verdict, "alice", "deny")).toMatchObject({
    status: 200,
    body: { state: "denied" },
  });
  expect(JSON.stringify(final.reasons)).toContain("corp#alice denied it: seen");
});

test("the owner, a workload of the group and a stranger get nowhere; the hold stays open", async () => {
  const { sent, verdict } = await held("delete");
  for (const [who, groups, kind] of [
    ["olga", ["dba"], "user"],
    ["ci", ["dba"], "workload"],
    ["bot", ["dba"], "workload"],
    ["carol", ["dev"], "user"],
  ] as const)
    expect((await answer(verdict, who, "approve", [...groups], kind)).status).toBe(403);
  expect(await listed(verdict)).toMatchObject({ state: "open", answers: [] });
  expect(peers.of(sent)).toHaveLength(1);
});

test("a quorum of two takes two, whoever races, and passes one command", async () => {
  const { sent, verdict } = await held("update");
  expect((await answer(verdict, "alice")).body).toMatchObject({ state: "open" });
  expect((await answer(verdict, "alice")).body).toMatchObject({ state: "open" });
  expect(peers.of(sent)).toHaveLength(1);
  await Promise.all(["bob", "dora", "named"].map((who) => answer(verdict, who)));
  const final = await peers.verdict(sent, 2);
  expect(final).toMatchObject({ final: true, hold: { state: "taken" } });
  expect(final.hold?.approvers).toContain("corp#alice");
  expect(peers.of(sent)).toHaveLength(2);
});

test("an approval fits its own command only: a changed parameter asks anew", async () => {
  const parameters = [{ oid: 23, format: 0, value: "7" }] as const;
  const first = await held("delete", { mayWait: false, parameters });
  await answer(first.verdict, "alice");
  await peers.until(first.verdict, "approved");
  const other = await held("delete", {
    mayWait: false,
    parameters: [{ oid: 23, format: 0, value: "8" }],
  });
  expect(other.verdict.hold?.state).toBe("open");
  const principal = { ...first.sent.command.principal, id: "corp#other", subject: "other" };
  const stolen = await held("delete", { mayWait: false, parameters, principal });
  expect(stolen.verdict.hold?.state).toBe("open");
  const same = await held("delete", { mayWait: false, parameters });
  expect(same.verdict.hold).toMatchObject({ id: first.verdict.hold?.id, state: "taken" });
});

test("of two same commands that wait, one answer passes one; the other asks anew, and is told under which id", async () => {
  const first = await held("delete");
  const second = await held("delete");
  expect(second.verdict.hold?.id).toBe(first.verdict.hold?.id);
  expect((await answer(first.verdict, "alice")).status).toBe(200);
  expect(await peers.verdict(first.sent, 2)).toMatchObject({ hold: { state: "taken" } });
  const moved = await peers.verdict(second.sent, 2);
  expect(moved).toMatchObject({ final: false, hold: { state: "open" } });
  const next = await waitFor(
    async () => {
      const { approvals } = HoldList.parse((await request("", await tokenOf("alice"))).body);
      return approvals.find((view) => view.command === text);
    },
    { what: "the next hold" },
  );
  expect(next.hold).not.toBe(first.verdict.hold?.id);
  expect(next.hold).toBe(moved.hold?.id);
  const token = await tokenOf("bob");
  await request(`/${next.hold}/answer`, token, { answer: "approve", reason: "" });
  expect(await peers.verdict(second.sent, 3)).toMatchObject({ hold: { state: "taken" } });
});

test("an answer given while policy is away is judged when it is back", async () => {
  const { sent, verdict } = await held("delete");
  await listed(verdict);
  await Promise.all(peers.running.splice(0).map((running) => running.stop()));
  expect((await answer(verdict, "alice")).body).toMatchObject({ state: "open" });
  await peers.startPolicy();
  expect(await peers.verdict(sent, 2)).toMatchObject({ hold: { state: "taken" } });
});

test("approval may be started anew between two answers", async () => {
  const { sent, verdict } = await held("update");
  await answer(verdict, "alice");
  await approval.stop();
  approval = await start();
  await answer(verdict, "bob");
  expect(await peers.verdict(sent, 2)).toMatchObject({ hold: { state: "taken" } });
});

test("one who is revoked answers nothing, and what they said before counts no more", async () => {
  const { sent, verdict } = await held("update");
  expect((await answer(verdict, "eve")).status).toBe(200);
  await revoke("corp#eve");
  expect(await answer(verdict, "eve", "deny")).toMatchObject({
    status: 403,
    body: { code: "revoked" },
  });
  expect((await answer(verdict, "alice")).body).toMatchObject({ state: "open" });
  expect(peers.of(sent)).toHaveLength(1);
});

test("I4, I7: an approval falls with its approver when nobody sends the command again, also while approval or policy is away", async () => {
  const view = async (verdict: Verdict, state: HoldView["state"]) =>
    waitFor(
      async () => {
        const seen = await listed(verdict);
        return seen.state === state && seen;
      },
      { what: `the hold ${state}`, every: 50 },
    );
  const opened = async (): Promise<Verdict> => {
    text += "+";
    return (await held("delete", { mayWait: false })).verdict;
  };
  const stopPolicy = () => Promise.all(peers.running.splice(0).map((running) => running.stop()));
  const [one, others, whenApprovalIsAway, whenPolicyIsAway] = [
    await opened(),
    await opened(),
    await opened(),
    await opened(),
  ];
  // It counts all answers together: the first alone would be enough.
  await stopPolicy();
  for (const [verdict, who] of [
    [one, "leaver"],
    [others, "leaver"],
    [others, "dora"],
    [whenApprovalIsAway, "quitter"],
    [whenPolicyIsAway, "goner"],
  ] as const)
    expect((await answer(verdict, who)).status).toBe(200);
  await peers.startPolicy();
  for (const verdict of [one, others, whenApprovalIsAway, whenPolicyIsAway])
    await view(verdict, "approved");
  await revoke("corp#leaver");
  const fallen = { policies: [{ approvers: [] }], answers: [{ revoked: true }] };
  expect(await view(one, "withdrawn")).toMatchObject(fallen);
  const left = async () => (await peers.hold(others.hold?.key ?? "")).approvers;
  await waitFor(async () => (await left()).length === 1, { what: "one approver left" });
  expect(await left()).toEqual(["corp#dora"]);
  expect(await view(others, "approved")).toMatchObject({
    policies: [{ approvers: ["corp#dora"] }],
  });
  await approval.stop();
  await revoke("corp#quitter");
  approval = await start();
  expect(await view(whenApprovalIsAway, "withdrawn")).toMatchObject(fallen);
  await stopPolicy();
  await revoke("corp#goner");
  const seen = async () => (await listed(whenPolicyIsAway)).policies[0]?.approvers.length === 0;
  await waitFor(seen, { what: "an approval that counts no more", every: 50 });
  expect(await listed(whenPolicyIsAway)).toMatchObject({ ...fallen, state: "approved" });
  await peers.startPolicy();
  expect(await view(whenPolicyIsAway, "withdrawn")).toMatchObject(fallen);
});
