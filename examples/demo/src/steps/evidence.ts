import { checkChain } from "@sallyport/evidence";
import { archiveText } from "../archive-text.ts";
import { chainListing } from "../chain-listing.ts";
import type { Demo } from "../demo.ts";
import type { Step } from "../story.ts";

export const evidence: Step<Demo> = {
  title: "The evidence in the archive",
  notice:
    "Each manifest names the hash of the one before it and of every object, and is signed. Whoever has these files and the public key sees what is missing, changed or cut off.",
  async run(demo, screen) {
    screen.command("auditor", `ls ${demo.folder.typed}/archive     # and what the manifests say`);
    screen.answer(await chainListing(demo.archive, 0));
    const { manifests, findings } = await checkChain(demo.archive, 0, demo.signingKey);
    const broken = findings.filter(({ severity }) => severity === "broken");
    screen.check(
      `a chain of ${manifests} signed manifests, every object as it was written`,
      manifests > 0 && broken.length === 0,
    );
    for (const { text } of broken) screen.line(`     ${text}`);
    const text = await archiveText(demo.reader());
    screen.check(
      "what left masked is masked here, too; no token and no password is in it",
      text.includes("b***@lindt.example") &&
        !text.includes("boris@lindt") &&
        !text.includes(demo.identities.token("ci-runner")) &&
        !text.includes(demo.shop.password),
    );
  },
};
