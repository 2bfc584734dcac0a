import type { Step } from "../story.ts";

export const aliasAndExpression: Step = {
  title: "The same under another name, and through an expression",
  notice:
    "The proxy knows from the parse tree and the target's catalog where each output column comes from: another name keeps its mask, and what is computed from a masked column is one constant.",
  async run(demo, screen) {
    const sql =
      "SELECT c.email AS contact, upper(c.email) AS shout, 'to: ' || email AS line FROM customers c ORDER BY id LIMIT 2";
    screen.command("ci-runner", demo.client.typed(sql).replace(" FROM", "\n  FROM"));
    const { text, ok } = await demo.client.run(sql, demo.as("ci-runner"));
    screen.answer(text);
    screen.check("the alias is masked as the column is", ok && text.includes("a***@example.com"));
    screen.check(
      "expressions show nothing of it",
      (text.match(/\*{4} /g) ?? []).length >= 2 && !/brandt|ADA\./i.test(text),
    );
  },
};
