import type { Step } from "../story.ts";

export const token: Step = {
  title: "A CI job brings a token of its identity provider, and nothing else",
  notice:
    "The shop's password is nowhere in the job. It lies with the proxy alone, the one process that dials the target.",
  async run(demo, screen) {
    const { iss, sub, kind, groups, owner, exp, iat } = demo.identities.claims("ci-runner");
    screen.command(
      "ci-runner",
      `curl -u ci-runner:… -d grant_type=client_credentials ${String(iss)}/token`,
    );
    screen.answer(
      JSON.stringify({ iss, sub, kind, groups, owner, lifetime: `${Number(exp) - Number(iat)} s` }),
    );
    const { PGHOST, PGPORT, PGDATABASE, PGSSLMODE } = demo.as("ci-runner");
    screen.command(
      "ci-runner",
      `export PGHOST=${PGHOST} PGPORT=${PGPORT} PGDATABASE=${PGDATABASE} PGUSER=ci-runner PGPASSWORD=$TOKEN\n` +
        `export PGSSLMODE=${PGSSLMODE ?? "disable"} PGSSLROOTCERT=${demo.authority}`,
    );
    const answer = await demo.client.run("SELECT 1 AS through", demo.as("ci-runner"));
    screen.command("ci-runner", demo.client.typed("SELECT 1 AS through"));
    screen.answer(answer.text);
    screen.check("the token opens a session over verified TLS", answer.ok);
    const bare = { ...demo.as("ci-runner"), PGPASSWORD: "not-a-token" };
    const refused = await demo.client.run("SELECT 1", bare);
    screen.check(
      "a password that is no token opens nothing",
      !refused.ok && refused.text.includes("token"),
    );
  },
};
