import { toTarget } from "@sallyport/pgwire";
import { expect, test } from "vitest";
import { StartupDialog, type Step } from "./startup-dialog.ts";

const startup = toTarget.startupMessage([["user", "anyone"]]);
const gssencRequest = Buffer.from("0000000804d21630", "hex");
const clientHello = Buffer.from([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]);

/** What comes of packets that arrive one after the other; an error ends it, as its code. */
function hear(dialog: StartupDialog, ...packets: Buffer[]): string[] {
  const heard: string[] = [];
  try {
    for (const packet of packets) {
      dialog.push(packet);
      for (let step: Step = dialog.next(); ; step = dialog.next()) {
        heard.push(step.kind);
        if (step.kind !== "refuse-encryption") break;
      }
    }
  } catch (error) {
    heard.push(String((error as { code: unknown }).code));
  }
  return heard;
}

const plain = (offersTls: boolean) => new StartupDialog("plain", offersTls);

test("a listener with TLS begins it when asked, and takes no start-up in plain text", () => {
  expect(hear(plain(true), toTarget.sslRequest)).toEqual(["begin-tls"]);
  expect(hear(plain(true), startup)).toEqual(["tls-required"]);
  expect(hear(plain(true), gssencRequest, startup)).toEqual([
    "refuse-encryption",
    "read",
    "tls-required",
  ]);
});

test("a listener without TLS refuses it and goes on", () => {
  expect(hear(plain(false), toTarget.sslRequest, gssencRequest, startup)).toEqual([
    "refuse-encryption",
    "read",
    "refuse-encryption",
    "read",
    "start",
  ]);
});

test("GSSENCRequest, then SSLRequest, as libpq asks", () => {
  expect(hear(plain(true), gssencRequest, toTarget.sslRequest)).toEqual([
    "refuse-encryption",
    "read",
    "begin-tls",
  ]);
});

test.each([
  ["SSLRequest", toTarget.sslRequest],
  ["GSSENCRequest", gssencRequest],
])("%s is answered once, and never within TLS", (_, request) => {
  expect(hear(plain(false), request, request)).toEqual([
    "refuse-encryption",
    "read",
    "startup-packet",
  ]);
  expect(hear(new StartupDialog("tls", true), request)).toEqual(["startup-packet"]);
});

test("plain text behind a request for encryption is refused (CVE-2021-23222)", () => {
  for (const offersTls of [true, false])
    for (const request of [toTarget.sslRequest, gssencRequest])
      expect(hear(plain(offersTls), Buffer.concat([request, startup]))).toEqual(["startup-packet"]);
});

test("direct TLS is seen by the first byte of all, only in plain text, and its bytes are kept", () => {
  const dialog = plain(true);
  dialog.push(clientHello.subarray(0, 1));
  dialog.push(clientHello.subarray(1));
  expect(dialog.next()).toEqual({ kind: "begin-tls", direct: true });
  expect(dialog.rest()).toEqual(clientHello);
  expect(hear(plain(false), clientHello)).toEqual(["hang-up"]);
  expect(hear(plain(true), gssencRequest, clientHello)).toEqual([
    "refuse-encryption",
    "read",
    "startup-packet",
  ]);
  expect(hear(new StartupDialog("tls", true), clientHello)).toEqual(["startup-packet"]);
});

test("CancelRequest is taken on either layer", () => {
  const request = toTarget.cancelRequest(7, Buffer.from("keys"));
  for (const layer of ["plain", "tls"] as const) {
    const dialog = new StartupDialog(layer, true);
    dialog.push(request);
    expect(dialog.next()).toEqual({ kind: "cancel", pid: 7, key: Buffer.from("keys") });
  }
});

test("what comes behind the start-up, in any split, is the rest", () => {
  const bytes = Buffer.concat([startup, toTarget.sync]);
  for (let at = 1; at < bytes.length; at++) {
    const dialog = new StartupDialog("tls", true);
    dialog.push(bytes.subarray(0, at));
    const steps = [dialog.next()];
    const late = bytes.subarray(at);
    if (steps[0]?.kind === "read") {
      dialog.push(late);
      steps.push(dialog.next());
    }
    const rest = Buffer.concat([dialog.rest(), steps.length === 1 ? late : Buffer.alloc(0)]);
    expect(steps.at(-1)).toMatchObject({ kind: "start", startup: { major: 3, minor: 0 } });
    expect(steps).toHaveLength(at < startup.length ? 2 : 1);
    expect(rest).toEqual(toTarget.sync);
  }
});
