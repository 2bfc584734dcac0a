import { waitFor } from "@sallyport/testkit";
import type { Step } from "../story.ts";

export const heldDelete: Step = {
  title: "A DELETE: held until a second person approves it",
  notice:
    "An approval fits this one command: its text, its parameters, what it resolved to. It passes once. Bob answers for the job, so his approval does not count; nor would the job's own.",
  async run(demo, screen) {
    const sql = "DELETE FROM orders WHERE status = 'cancelled'";
    const before = await demo.shop.count("orders");
    screen.command("ci-runner", demo.client.typed(sql));
    const running = demo.client.start(sql, demo.as("ci-runner"));
    try {
      const hold = await waitFor(() => /hold ([a-z2-7]{26})/.exec(running.text)?.[1], {
        what: "the notice that the command is held",
        timeout: 30_000,
      });
      screen.answer(running.text);
      const noticed = running.text.length;
      screen.check(
        "the rows are still there while it waits",
        (await demo.shop.count("orders")) === before,
      );
      screen.line();

      const listed = await demo.sally(["approvals", "list"], "alice");
      screen.command("alice", "sally approvals list");
      screen.answer(listed.stdout + listed.stderr);

      const own = await demo.sally(["approvals", "approve", hold], "bob");
      screen.command("bob", `sally approvals approve ${hold}`);
      screen.answer(own.stdout + own.stderr);
      screen.check("the job's owner may not approve", own.code !== 0);
      screen.line();

      const reason = "cancelled orders, ticket 4711";
      screen.command("alice", `sally approvals approve ${hold} --reason "${reason}"`);
      const approved = await demo.sally(
        ["approvals", "approve", hold, "--reason", reason],
        "alice",
      );
      screen.answer(approved.stdout + approved.stderr);
      screen.check("a second person may", approved.code === 0);
      if (approved.code !== 0) return;
      screen.line();

      const { text, ok } = await running.done;
      screen.command("ci-runner", `${demo.client.typed(sql)}     # still the same one`);
      screen.answer(text.slice(noticed));
      screen.check(
        "the waiting command ran: three rows are gone",
        ok && text.includes("DELETE 3") && (await demo.shop.count("orders")) === before - 3,
      );
    } finally {
      running.close();
    }
  },
};
