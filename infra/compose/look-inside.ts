import { nodeOptions } from "../../cli/src/up/node-options.ts";
import type { Screen } from "../../examples/demo/src/screen.ts";
import type { Containers } from "./containers.ts";

const own = "/etc/sallyport/.sallyport";
const certificate = ["tls/ca.pem", "tls/server.key", "tls/server.pem"];

/** What each container may hold: its own bus key, its own keys, its own certificate, and nothing else. */
const holdings: Readonly<Record<string, readonly string[]>> = {
  authn: [
    "aws-credentials",
    "credentials/authn.json",
    "credentials/witness.json",
    "keys/sealing.key",
  ],
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

/** Where a process may not write, then the one place where it may. */
const places = ["/x", "/sallyport/x", "/etc/sallyport/x", `${own}/x`, "/home/node/x", "/tmp/x"];

/** Tells in one go, a line a fact, what a container holds, may do and can reach. */
const look = `
find ${own} -type f | sed 's#^${own}/#holds #'
sed -n 's/^\\(Uid\\|CapPrm\\|CapBnd\\|NoNewPrivs\\):[[:space:]]*\\([^[:space:]]*\\).*/\\1 \\2/p' /proc/1/status
for file in ${places.join(" ")}; do (: >"$file") 2>/dev/null && echo "writes $file"; done
for name in ${Object.keys(ways).join(" ")}; do getent hosts "$name" >/dev/null && echo "finds $name"; done
tr '\\0' '\\n' </proc/1/cmdline | sed 's/^/argument /'
tr '\\0' '\\n' </proc/1/environ | sed 's/^/environment /'
true`;

/** Looks from inside each container at what it could do if it were not ours any more. */
export async function lookInside(containers: Containers, screen: Screen): Promise<void> {
  for (const [service, files] of Object.entries(holdings)) {
    const facts = (await containers.inside(service, ["sh", "-c", look])).split("\n");
    const all = (kind: string): string[] =>
      facts
        .filter((line) => line.startsWith(`${kind} `))
        .map((line) => line.slice(kind.length + 1))
        .toSorted();
    const [user, permitted, bound, stuck] = ["Uid", "CapPrm", "CapBnd", "NoNewPrivs"].map(all);
    const nothing = "0000000000000000";
    const known = Object.keys(ways).filter((name) => ways[name]?.includes(service));

    screen.check(
      `${service} has ${files.join(", ")} and a certificate, and nothing of the others`,
      all("holds").join() === [...files, ...certificate].toSorted().join(),
    );
    screen.check(
      `${service} runs as a user without a capability, and can gain none`,
      user?.join() === "1000" &&
        permitted?.join() === nothing &&
        bound?.join() === nothing &&
        stuck?.join() === "1",
    );
    screen.check(
      `${service} has the options that \`sally up\` gives Node`,
      nodeOptions(service).every((option) => all("argument").includes(option)) &&
        !all("environment").some((line) => line.startsWith("NODE_OPTIONS=")),
    );
    screen.check(`${service} can write to /tmp alone`, all("writes").join() === "/tmp/x");
    screen.check(
      `${service} finds ${known.length === 0 ? "nobody" : known.join(" and ")} of ${Object.keys(ways).join(", ")}`,
      all("finds").join() === known.toSorted().join(),
    );
    screen.check(
      `${service} has no secret in its environment`,
      all("environment").length > 0 &&
        !all("environment").some((line) => line.includes(containers.shop.password)) &&
        !all("environment").some((line) => /(PASSWORD|SECRET|SEED|TOKEN)\w*=/.test(line)),
    );
  }
}
