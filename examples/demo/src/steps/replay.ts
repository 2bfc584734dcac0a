import { waitFor } from "@sallyport/testkit";
import type { Step } from "../story.ts";

export const replay: Step = {
  title: "What happened, by session, and one of them replayed",
  notice:
    "The replay shows what left the gateway, not what the target holds: masked values are masked in the evidence, too.",
  async run(demo, screen) {
    const session = await waitFor(
      async () => {
        const archived = (await demo.sallyJson(["sessions", "list"])).filter(
          ({ closed }) => closed !== null,
        );
        const found = archived.find(
          ({ principal, held }) => principal === "corp#ci-runner" && held === 1,
        );
        // The agent's session ended last: the list below is of what the archive holds.
        const agent = archived.some(({ principal }) => principal === "corp#contractor-agent");
        return agent && typeof found?.["session"] === "string" ? found["session"] : undefined;
      },
      {
        what: "the sessions with the DELETE and of the agent in the archive",
        every: 200,
        timeout: 30_000,
      },
    );
    const list = await demo.sally(["sessions", "list", "--limit", "6"]);
    screen.command("operator", "sally sessions list --limit 6");
    screen.answer(list.stdout + list.stderr);
    screen.check(
      "jobs, agents and their refusals are all there",
      list.stdout.includes("corp#ci-runner") && list.stdout.includes("corp#contractor-agent"),
    );
    screen.line();

    screen.command("operator", `sally replay ${session}`);
    const replayed = await demo.sally(["replay", session, "--speed", "1000"]);
    screen.answer(replayed.stdout + replayed.stderr);
    screen.check(
      "the command, its hold, who approved it, and what came back",
      ["DELETE FROM orders", "deletes-need-a-dba", "corp#alice", "DELETE 3"].every((part) =>
        replayed.stdout.includes(part),
      ),
    );
  },
};
