import { checkArchive, type Checked, type Finding, type FindingCode } from "@sallyport/evidence";
import { Option, type Command } from "commander";
import { findingLines, openArchive, withArchiveOption } from "../archive-place.ts";
import { CliError } from "../cli-error.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { paint, say, sayJson } from "../output.ts";
import { counted, size, span } from "../readable.ts";
import { nextStep } from "../verify/next-step.ts";
import { ProgressLine } from "../verify/progress.ts";
import { publicKeys } from "../verify/public-keys.ts";
import { readSeen, writeSeen } from "../verify/seen-file.ts";
import { since } from "./sessions-list.ts";

interface VerifyOptions {
  readonly key: readonly string[];
  readonly since?: number;
  readonly seen?: string;
}

/** Where one of these is, the chain's end is not one to remember. */
const againstTheChain: ReadonlySet<FindingCode> = new Set([
  "manifest-missing",
  "manifest-unreadable",
  "chain-broken",
  "signature-wrong",
  "key-unknown",
  "chain-cut",
]);

/** `sally verify`. */
export function registerVerify(program: Command): void {
  withCommonOptions(withArchiveOption(program.command("verify")))
    .description("check the whole archive: chain, signatures, objects, sessions")
    .addOption(
      new Option(
        "--key <file>",
        "the recorder's public key, your own copy of it; again for each key that was in use",
      )
        .argParser((file: string, files: readonly string[]) => [...files, file])
        .default([], "signing.pub beside the deployment's keys"),
    )
    .option("--since <when>", "objects and sessions since then: 2h, 7d, or a date", since)
    .option("--seen <file>", "remember where the chain ends, and compare with the last time")
    .addHelpText(
      "after",
      `
Needs the archive and a public key, and no service. Follows each chain of manifests from its beginning to its end, reads
every object that they name, looks for objects that none names, and checks each session's own numbers and hashes.
Without --key it takes signing.pub beside the deployment's keys, which whoever runs Sallyport can change.
--seen keeps a small file, away from the archive, by which a chain is known whose end was cut off.

Exit code 0 when nothing is wrong, 1 when something is, 2 when it could not be checked. Notes (a session that is open, what
a dead recorder left) are counted, told with --json, and are nothing wrong. \`sally sessions show\` checks one session.

Examples:
  $ sally verify --key /media/auditor/signing.pub
  $ sally verify --archive s3://evidence/sallyport --key signing.pub --since 7d --seen ./seen.json
  $ sally verify --json | jq 'select(.severity == "broken")'`,
    )
    .action(async (options: VerifyOptions, command: Command) => {
      try {
        if (await verify(options, command)) return;
        process.exitCode = 1;
      } catch (cause) {
        throw notChecked(cause);
      }
    });
}

/** Whether nothing is wrong. */
async function verify(options: VerifyOptions, command: Command): Promise<boolean> {
  const context = contextOf(command);
  const began = performance.now();
  const keys = publicKeys(context, options.key);
  const seen = options.seen === undefined ? undefined : readSeen(options.seen);
  const archive = await openArchive(command);
  const progress = new ProgressLine();
  const findings: Finding[] = [];
  const { checked, ends } = await checkArchive(archive, {
    keys,
    ...(options.since !== undefined && { since: options.since }),
    ...(seen !== undefined && { seen }),
    found: (finding) => {
      findings.push(finding);
      progress.clear();
      if (context.json) sayJson({ type: "finding", ...finding, next: nextStep(finding) });
      else if (finding.severity === "broken") sayFinding(finding);
    },
    progress: (so) => {
      progress.show(so);
    },
  });
  progress.clear();
  const broken = findings.filter(({ severity }) => severity === "broken");
  if (checked.manifests === 0 && broken.length === 0)
    throw new CliError("there is no chain in the archive", {
      hint: "the recorder begins it with the first command; is it the right place, and prefix?",
    });
  const notes = findings.filter(({ severity }) => severity === "note");
  const took = performance.now() - began;
  const counts = { ...checked, broken: broken.length, notes: notes.length };
  if (context.json) sayJson({ type: "summary", ...counts, ends: ends.ends });
  else print(checked, broken.length, notes, took);
  if (options.seen !== undefined && !broken.some(({ code }) => againstTheChain.has(code)))
    writeSeen(options.seen, ends);
  return broken.length === 0;
}

function sayFinding(finding: Finding): void {
  for (const line of findingLines([finding])) say(line);
  const { session } = finding;
  if (session !== undefined) say(`    session ${session}`);
  say(paint("dim", `    ${nextStep(finding)}`));
}

function print(checked: Checked, broken: number, notes: readonly Finding[], took: number): void {
  const { manifests, objects, bytes, sessions, events, earlier } = checked;
  if (broken > 0) say();
  say(
    `${counted(manifests, "manifest")}, ${counted(objects, "object")} (${size(bytes)}), ` +
      `${counted(sessions, "session")}, ${counted(events, "event")}, in ${span(took)}`,
  );
  if (earlier > 0) say(`${counted(earlier, "session")} opened earlier: not checked`);
  if (notes.length > 0) {
    const codes = Map.groupBy(notes, ({ code }) => code);
    const list = [...codes].map(([code, of]) => `${of.length} ${code}`).join(", ");
    say(`${counted(notes.length, "note")}: ${list}`);
  }
  if (broken > 0) say(paint("red", `${counted(broken, "finding")} against this evidence`));
  else say(paint("green", "nothing is missing, changed or signed by another key"));
}

/** Whatever keeps it from an answer is not the answer: a schedule tells one from the other by the exit code. */
function notChecked(cause: unknown): CliError {
  const hint = cause instanceof CliError ? cause.hint : undefined;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new CliError(message, { ...(hint !== undefined && { hint }), exitCode: 2, cause });
}
