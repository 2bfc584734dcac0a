import type { Step } from "../story.ts";

export const maskedRead: Step = {
  title: "A read: allowed, and what is personal leaves masked",
  notice:
    "Nothing changed in the query, the client or the table. Two policies speak of tags, pii and pci; the columns got their tags in sallyport.yaml.",
  async run(demo, screen) {
    const sql = "SELECT id, name, email, card_number FROM customers ORDER BY id LIMIT 3";
    screen.command("ci-runner", demo.client.typed(sql));
    const { text, ok } = await demo.client.run(sql, demo.as("ci-runner"));
    screen.answer(text);
    screen.check("three rows came", ok && text.includes("Chiara Rossi"));
    screen.check(
      "e-mail addresses keep their first letter and domain",
      text.includes("a***@example.com") && !text.includes("ada.brandt"),
    );
    screen.check(
      "card numbers keep their last four digits",
      text.includes("************1881") && !text.includes("4929"),
    );
  },
};
