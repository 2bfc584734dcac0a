import type { Step } from "../story.ts";

export const guessing: Step = {
  title: "Guessing instead of reading",
  notice:
    "Asking for one known address is a lookup, and the policy lets it pass. A pattern would spell the addresses out letter by letter, so it is refused before it runs.",
  async run(demo, screen) {
    const lookup = "SELECT id, city FROM customers WHERE email = 'ada.brandt@example.com'";
    screen.command("ci-runner", demo.client.typed(lookup));
    const found = await demo.client.run(lookup, demo.as("ci-runner"));
    screen.answer(found.text);
    const pattern = "SELECT id, city FROM customers WHERE email LIKE 'ada%'";
    screen.command("ci-runner", demo.client.typed(pattern));
    const guessed = await demo.client.run(pattern, demo.as("ci-runner"));
    screen.answer(guessed.text);
    screen.check("the lookup found its row", found.ok && found.text.includes("Hamburg"));
    screen.check(
      "the pattern was refused by pii-is-masked, and never reached the target",
      !guessed.ok && guessed.text.includes("pii-is-masked") && !(await demo.shop.ran("LIKE 'ada")),
    );
  },
};
