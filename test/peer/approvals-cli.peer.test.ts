import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { aHold, aPerson, aWorkload } from "@sallyport/approval/hold-fixture";
import { HoldView, newHoldId, type Hold, type Principal } from "@sallyport/contracts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Office, tokenOf } from "./approval.fixture.ts";

const sallyFile = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));
const alice = aPerson("alice", { groups: ["corp/dba"] });
const olga = aPerson("olga", { groups: ["corp/dba"] });

let office: Office;
beforeAll(async () => {
  office = await Office.open();
});
afterAll(() => office[Symbol.asyncDispose]());

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

async function sally(args: readonly string[], as?: Principal): Promise<Ran> {
  const { SALLY_TOKEN: _own, ...env } = process.env;
  const child = spawn(process.execPath, [sallyFile, "approvals", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...env, NO_COLOR: "1", ...(as && { SALLY_TOKEN: tokenOf(as) }) },
  });
  const ended = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended;
  return { stdout, stderr, code: child.exitCode ?? -1 };
}

const here = (): string[] => ["--url", office.url];

let count = 0;
async function held(): Promise<Hold> {
  count += 1;
  const principal = aWorkload("ci", { owner: olga.id });
  const command = { text: `DELETE FROM customers\nWHERE id = ${count} -- \u001b[2J` };
  const hold = aHold({ principal, opened: Date.now(), id: newHoldId(), command });
  return office.pin(hold, alice);
}

test("a person lists, shows, and approves", async () => {
  const hold = await held();
  const listed = await sally(["list", ...here()], alice);
  expect(listed.code).toBe(0);
  expect(listed.stdout).toContain(`hold ${hold.hold}  open, 14 min`);
  expect(listed.stdout).toContain("corp#ci, owned by corp#olga");
  expect(listed.stdout).toContain("DELETE FROM customers\n");
  expect(listed.stdout).toContain("-- \\u{1b}[2J");
  const shown = await sally(["show", hold.hold, "--json", ...here()], alice);
  expect(HoldView.parse(JSON.parse(shown.stdout))).toMatchObject({ hold: hold.hold, whole: true });
  const approved = await sally(["approve", hold.hold, "--reason", "seen", ...here()], alice);
  expect(approved).toEqual({
    stdout: `approved: policy has not settled hold ${hold.hold} yet\n`,
    stderr: "",
    code: 0,
  });
  expect(await office.recorded(hold)).toMatchObject([{ answer: "approve", reason: "seen" }]);
});

test("a denial is a denial, and --json tells the hold", async () => {
  const hold = await held();
  const denied = await sally(["deny", hold.hold, "--json", ...here()], alice);
  expect(denied.code).toBe(0);
  expect(HoldView.parse(JSON.parse(denied.stdout)).answers).toMatchObject([{ answer: "deny" }]);
});

test("a refusal is exit code 1 and says why, and what to do", async () => {
  const hold = await held();
  const refused = await sally(["approve", hold.hold, ...here()], olga);
  expect([refused.code, refused.stdout]).toEqual([1, ""]);
  expect(refused.stderr).toContain("you own `corp#ci`, who asked for it");
  expect(refused.stderr).toContain("ask another person of the group");
  expect((await sally(["list", ...here()], aWorkload("ci"))).stderr).toContain("only a person");
});

test("wrong usage is exit code 2: no token, a mistyped id, an unknown state", async () => {
  const hold = newHoldId();
  expect((await sally(["approve", hold, ...here()])).code).toBe(2);
  expect((await sally(["approve", "x", ...here()], alice)).code).toBe(2);
  expect((await sally(["approve", ...here()], alice)).code).toBe(2);
  expect((await sally(["list", "--state", "x", ...here()], alice)).code).toBe(2);
});

test("a token goes over plain HTTP to loopback only, and to nothing that is not there", async () => {
  const far = await sally(["list", "--url", "http://approval.example.com"], alice);
  expect([far.code, far.stderr.includes("without TLS")]).toEqual([1, true]);
  const nobody = await sally(["list", "--url", "http://127.0.0.1:1"], alice);
  expect([nobody.code, nobody.stderr.includes("cannot be reached")]).toEqual([1, true]);
  expect(far.stderr + nobody.stderr).not.toContain(tokenOf(alice));
});
