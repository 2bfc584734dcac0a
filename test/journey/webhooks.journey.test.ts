import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HoldView } from "@sallyport/contracts";
import { freePort, waitFor } from "@sallyport/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verified, WebhookReceiver } from "../peer/webhook-receiver.ts";
import { startCluster, type Cluster } from "./cluster.ts";
import { filesBelow } from "./files-below.ts";

const secret = `whsec_${randomBytes(32).toString("base64")}`;
const secretPath = "/hooks/T0P-S3CRET";
const example = fileURLToPath(new URL("../../examples/webhook/src/receiver.ts", import.meta.url));

let bridge: WebhookReceiver;
let examplePort: number;
let cluster: Cluster;
beforeAll(async () => {
  bridge = await WebhookReceiver.start();
  examplePort = await freePort();
  const webhook = { kind: "webhook", secret: { env: "HOOK_SECRET" } } as const;
  cluster = await startCluster({
    env: { HOOK_SECRET: secret },
    change: ({ approvals }) => {
      if (!approvals) return;
      approvals.notify = [
        { ...webhook, name: "bridge", url: `http://127.0.0.1:${bridge.port}${secretPath}` },
        { ...webhook, name: "example", url: `http://127.0.0.1:${examplePort}${secretPath}` },
      ];
    },
  });
});
afterAll(async () => {
  await cluster?.stop();
  await bridge?.close();
});

const approvalUrl = (): string => {
  const { host, port } = cluster.up.address("approval");
  return `http://${host}:${port}`;
};

/** Files below a folder that have one of these texts in them. */
const filesWith = (directory: string, texts: readonly string[]): string[] =>
  [...filesBelow(directory)]
    .filter(({ content }) => texts.some((one) => content.includes(one)))
    .map(({ path }) => path);

test("a hold is told to a webhook, a person's token comes back, and the waiting client goes on", async () => {
  const sql = "DELETE FROM orders WHERE status = 'cancelled'";
  const waiting = cluster.psql("ci-runner", sql);
  const opened = await waitFor(() => bridge.heard[0], { what: "the webhook" });
  const { type, data } = verified(opened, secret);
  expect([type, data]).toMatchObject([
    "hold.opened",
    {
      state: "open",
      principal: "corp#ci-runner",
      owner: "corp#bob",
      connection: "shop",
      command: sql,
      whole: true,
      policies: [{ policy: "deletes-need-a-dba", group: "corp/dba" }],
      waiting: 1,
    },
  ]);

  // Who owns the job may press the button, too: it is the token that counts.
  const callBack = async (token: string): Promise<Response> =>
    fetch(`${approvalUrl()}/v1/approvals/${data.hold}/answer`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ answer: "approve", reason: "pressed in chat" }),
    });
  expect((await callBack(await cluster.token("bob"))).status).toBe(403);
  const alice = await cluster.token("alice");
  const answered = await callBack(alice);
  expect(answered.status).toBe(200);
  expect(await waiting).toMatchObject({ stdout: "DELETE 3\n", code: 0 });
  const again = await callBack(alice);
  expect(HoldView.parse(await again.json())).toMatchObject({
    state: "used",
    answers: [{ principal: "corp#alice", reason: "pressed in chat" }],
  });

  const told = await waitFor(() => bridge.of(data.hold)[1], { what: "the second webhook" });
  expect(verified(told, secret)).toMatchObject({
    type: "hold.answered",
    data: { state: "used", answers: [{ principal: "corp#alice", answer: "approve" }] },
  });
  expect(bridge.of(data.hold)).toHaveLength(2);

  const untold = /not told +example of hold\.opened \(\d+ attempts?\): cannot be/;
  const list = ["approvals", "list", "--state", "all"];
  await waitFor(async () => untold.test((await cluster.sally(list, "alice")).stdout), {
    what: "the list to say who was not told",
  });

  const hidden = [secret, secret.slice(6), "T0P-S3CRET", alice.split(".")[2] ?? "no token"];
  const log = await waitFor(
    async () => {
      const text = await cluster.log();
      return text.includes("a webhook was told") && text;
    },
    { what: "the log to say who was told" },
  );
  expect(hidden.filter((one) => log.includes(one))).toEqual([]);
  // The bus's store and the archive; the config has the URL.
  expect(filesWith(cluster.data, hidden)).toEqual([]);
  expect(filesWith(join(cluster.directory, "archive"), hidden)).toEqual([]);
});

test("what approval could not tell before it was killed, the next one tells, once", async () => {
  await bridge.close();
  const waiting = cluster.psql("ci-runner", "DELETE FROM orders WHERE id = -2");
  const hold = await waitFor(
    async () =>
      (await cluster.sallyJson(["approvals", "list"], "alice"))
        .map((one) => HoldView.parse(one))
        .find(({ notices }) => notices?.some((one) => one.webhook === "bridge" && one.problem))
        ?.hold,
    { what: "a failure to be seen" },
  );
  const approval = cluster.service("approval");
  const { pid } = approval;
  await approval.kill();
  await approval.replaced(pid);
  await bridge.open();
  const opened = await waitFor(() => bridge.of(hold)[0], { what: "the message" });
  expect(verified(opened, secret)).toMatchObject({ type: "hold.opened", data: { hold } });
  expect(await cluster.deny(hold, "alice")).toMatchObject({ code: 0 });
  expect(await waiting).toMatchObject({ code: 1 });
  const [, answered] = await waitFor(() => (bridge.of(hold).length > 1 ? bridge.of(hold) : null), {
    what: "the answer to be told",
  });
  expect(answered && verified(answered, secret).data.state).toBe("denied");
  expect(bridge.of(hold)).toHaveLength(2);
});

test("only approval has the webhooks' secret in its environment", () => {
  const services = ["proxy", "policy", "approval", "recorder", "authn", "nats-server"] as const;
  const withSecret = services.filter((service) =>
    readFileSync(`/proc/${cluster.service(service).pid}/environ`).includes(secret),
  );
  expect(withSecret).toEqual(["approval"]);
});

test("the example checks the signature, prints the hold, and answers with the token it has", async () => {
  const receiver = spawn(
    process.execPath,
    [example, "--port", String(examplePort), "--approval", approvalUrl(), "--answer", "approve"],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        PATH: process.env["PATH"],
        HOOK_SECRET: `whsec_${randomBytes(32).toString("base64")} ${secret}`,
        SALLY_TOKEN: await cluster.token("alice"),
      },
    },
  );
  try {
    let printed = "";
    receiver.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
    await waitFor(() => printed.includes("listening"), { what: "the example to listen" });
    const unsigned = await fetch(`http://127.0.0.1:${examplePort}`, { method: "POST", body: "{}" });
    expect(unsigned.status).toBe(401);

    const deleted = await cluster.psql("ci-runner", "DELETE FROM orders WHERE id = -1");
    expect(deleted).toMatchObject({ stdout: "DELETE 0\n", code: 0 });
    await waitFor(() => printed.includes("answered approve: used"), { what: "its answer" });
    expect(printed).toContain("corp#ci-runner on shop");
    expect(printed).toContain("DELETE FROM orders WHERE id = -1");
    expect(printed).toMatch(/-- approvals approve [a-z2-7]{26}\n/);
  } finally {
    receiver.kill();
    await once(receiver, "exit");
  }
});
