import type { Step } from "../story.ts";

export const refusedDrop: Step = {
  title: "A DROP: refused, with the policy that refused it",
  notice:
    "SQLSTATE 42501, the policy and its reason in DETAIL, a next step in HINT. The gateway's own log-in owns this table: the target would have dropped it.",
  async run(demo, screen) {
    const sql = "DROP TABLE customers";
    screen.command("ci-runner", demo.client.typed(sql));
    const { text, ok } = await demo.client.run(sql, demo.as("ci-runner"));
    screen.answer(text);
    screen.check(
      "the refusal names schema-changes-take-the-pipeline",
      !ok && text.includes("schema-changes-take-the-pipeline"),
    );
    screen.check(
      "the target never heard of it, by its own log",
      !(await demo.shop.ran("DROP TABLE customers")) && (await demo.shop.count("customers")) === 8,
    );
  },
};
