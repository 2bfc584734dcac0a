import { waitFor } from "@sallyport/testkit";
import type { Step } from "../story.ts";

export const replay: Step = {
  title: "What happened, by session, and one of them replayed",
  notice:
    "The replay shows what left the gateway, not what the target holds: masked values are masked in the evidence, too.",
  async run(demo, screen) {
    const session = await waitFor(
      async () => {
        const sessions = await demo.sallyJson(["sessions", "list"]);
        const found = sessions.find(
          ({ principal, held, closed }) =>
            principal === "corp#ci-runner" && held === 1 && closed !== null,
        );
        return typeof found?.["session"] === "string" ? found["session"] : undefined;
      },
      { what: "the session with the DELETE in the archive", every: 200, timeout: 30_000 },
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
