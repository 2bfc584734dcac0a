import type { Screen } from "../../examples/demo/src/screen.ts";
import type { Containers } from "./containers.ts";

const own = "/etc/sallyport/.sallyport";
const certificate = ["tls/ca.pem", "tls/server.key", "tls/server.pem"];

/** What each container may hold: its own bus key, its own keys, its own certificate, and nothing else. */
const holdings: Readonly<Record<string, readonly string[]>> = {
  authn: ["aws-credentials", "credentials/authn.json", "keys/sealing.key"],
  policy: ["credentials/policy.json"],
  approval: ["aws-credentials", "credentials/approval.json", "keys/sealing.pub"],
  recorder: ["aws-credentials", "credentials/recorder.json", "keys/signing.key"],
  proxy: ["credentials/w1.json", "keys/masking.key", "keys/sealing.pub", "shop.password"],
};

/** Who has a way to the target, to the storage, to the identity provider. */
const ways: Readonly<Record<string, readonly string[]>> = {
  shop: ["proxy"],
  s3: ["authn", "approval", "recorder"],
  identity: ["authn"],
};

/** Looks from inside each container at what it could do if it were not ours any more. */
export async function lookInside(containers: Containers, screen: Screen): Promise<void> {
  for (const [service, files] of Object.entries(holdings)) {
    const found = (await containers.inside(service, ["find", own, "-type", "f"]))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.slice(own.length + 1));
    const wanted = [...files, ...certificate];
    screen.check(
      `${service} has ${files.join(", ")} and a certificate, and nothing of the others`,
      found.toSorted().join() === wanted.toSorted().join(),
    );

    const status = await containers.inside(service, ["cat", "/proc/1/status"]);
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1];
    screen.check(
      `${service} runs as a user without a capability, and can gain none`,
      field("Uid") === "1000" &&
        field("CapPrm") === "0000000000000000" &&
        field("CapBnd") === "0000000000000000" &&
        field("NoNewPrivs") === "1",
    );

    const writes = await Promise.all(
      ["/x", "/sallyport/x", "/etc/sallyport/x", `${own}/x`, "/home/node/x"].map((file) =>
        containers.succeeds(service, ["sh", "-c", `: > ${file}`]),
      ),
    );
    screen.check(
      `${service} can write nowhere but to /tmp`,
      writes.every((written) => !written) &&
        (await containers.succeeds(service, ["sh", "-c", ": > /tmp/x"])),
    );

    for (const [place, known] of Object.entries(ways)) {
      const reaches = await containers.succeeds(service, [
        "node",
        "-e",
        `require("node:dns").lookup("${place}", (e) => process.exit(e ? 1 : 0))`,
      ]);
      screen.check(
        `${service} ${known.includes(service) ? "finds" : "does not find"} ${place}`,
        reaches === known.includes(service),
      );
    }
  }
}
