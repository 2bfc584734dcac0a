import { waitFor } from "@sallyport/testkit";
import type { Step } from "../story.ts";

const most = 3000;

export const revocation: Step = {
  title: "A contractor's agent is revoked while its session is open",
  notice:
    "Its token is still valid for minutes. The session ends on every worker within three seconds, and the next log-in is refused.",
  async run(demo, screen) {
    const sql = "SELECT count(*) FROM orders";
    screen.command("contractor-agent", demo.client.typedRepeated(sql, 0.3));
    const running = demo.client.startRepeated(sql, 0.3, demo.as("contractor-agent"));
    try {
      await waitFor(() => (running.text.match(/^\s*7\b/gm) ?? []).length >= 2, {
        what: "the agent's session to be at work",
        timeout: 30_000,
      });
      screen.answer("7\n7\n…");
      const args = ["identity", "revoke", "corp#contractor-agent", "--reason", "contract ended"];
      screen.command(
        "operator",
        "sally identity revoke corp#contractor-agent --reason 'contract ended'",
      );
      const ended = running.done.then((answer) => ({ answer, at: performance.now() }));
      const revoked = await demo.sally(args);
      const since = performance.now();
      screen.answer(revoked.stdout + revoked.stderr);
      const { answer, at } = await ended;
      screen.command("contractor-agent", "…     # the same session");
      screen.answer(lastLines(answer.text));
      const took = Math.max(0, at - since);
      screen.check(
        `the open session ended ${took < 100 ? "at once" : `after ${(took / 1000).toFixed(1)} s`}`,
        revoked.code === 0 && !answer.ok && took < most,
      );
      const again = await demo.client.run(sql, demo.as("contractor-agent"));
      screen.check(
        "the same token opens no further session",
        !again.ok && again.text.includes("revoked"),
      );
    } finally {
      running.close();
    }
  },
};

/** What it said at the end, without the counts before. */
const lastLines = (text: string): string =>
  text
    .split("\n")
    .filter((line) => line !== "" && !/^\s*\d+$/.test(line) && !/^[-\s()a-z\d]*$/.test(line))
    .slice(-6)
    .join("\n");
