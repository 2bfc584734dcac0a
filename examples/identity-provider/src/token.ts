import { jobToken, personToken } from "@sallyport/testkit";
import { readIdentities } from "./people.ts";

/** Prints a fresh access token of a job or a person, as they would fetch it themselves: `token ci-runner`. */
async function main(): Promise<void> {
  const { issuer, jobs, people } = readIdentities();
  const [name = ""] = process.argv.slice(2);
  const job = jobs[name];
  const person = people[name];
  if (!job && !person)
    throw new Error(
      `nobody is called \`${name}\`: there are ${[...Object.keys(jobs), ...Object.keys(people)].join(", ")}`,
    );
  const token = job
    ? await jobToken(issuer, name, job.secret)
    : await personToken(issuer, name, person?.password ?? "");
  process.stdout.write(`${token}\n`);
}

main().catch((cause: unknown) => {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
});
