import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { checkChain } from "@sallyport/evidence";
import { archiveText } from "../archive-text.ts";
import type { Step } from "../story.ts";

export const evidence: Step = {
  title: "The evidence",
  notice:
    "Each manifest names the hash of the one before it and of every object, and is signed. Whoever has these files and the public key sees what is missing, changed or cut off.",
  async run(demo, screen) {
    screen.command("auditor", `ls -R ${demo.folder.typed}/archive`);
    screen.answer(listing(demo.folder.file("archive")));
    const { manifests, findings } = await checkChain(demo.archive, 0, demo.signingKey);
    const broken = findings.filter(({ severity }) => severity === "broken");
    screen.check(
      `a chain of ${manifests} signed manifests without a gap`,
      manifests > 0 && broken.length === 0,
    );
    for (const { text } of broken) screen.line(`     ${text}`);
    const text = await archiveText(demo.reader());
    screen.check(
      "no address in it but the one that the job itself asked for, no token, no password",
      !text.includes("boris@lindt") &&
        !text.includes(demo.identities.token("ci-runner")) &&
        !text.includes(demo.shop.password),
    );
  },
};

function listing(directory: string): string {
  const lines: string[] = [];
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(directory.length + 1);
    if (name.startsWith(".")) continue;
    const { size } = statSync(path);
    lines.push(`${String(size).padStart(7)}  ${shortened(name)}`);
  }
  return lines.toSorted((a, b) => (a.slice(9) < b.slice(9) ? -1 : 1)).join("\n");
}

/** Names are made of content; the first digits are enough to see. */
const shortened = (name: string): string =>
  name.replace(/[0-9a-f]{24,}/g, (hash) => `${hash.slice(0, 8)}…`);
