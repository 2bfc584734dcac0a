import { parseArgs } from "node:util";
import { programArguments } from "../../../infra/program-arguments.ts";
import { Demo } from "./demo.ts";
import { farewell } from "./farewell.ts";
import { Screen } from "./screen.ts";
import { story, tell } from "./story.ts";

const usage = `usage: npm run demo [-- --once]
  The whole story on real servers; then it stays up, for a client of your own, until Ctrl-C.
  --once  ends after the story, with 0 only if every step showed what it should`;

const read = (argv: readonly string[]): { once?: boolean } =>
  parseArgs({ args: [...argv], options: { once: { type: "boolean" } } }).values;

/** Tells the story, then stays up until Ctrl-C; with `--once` it ends after the story, 0 only if all was as it should be. */
async function main(once: boolean): Promise<number> {
  const screen = new Screen();
  const began = performance.now();
  const stopping = stopOnSignal();
  screen.title("Sallyport: nobody passes until both gates agree.");
  let failed = 0;
  try {
    await using demo = await Demo.start(screen);
    if (demo.client.name !== "psql")
      screen.line(`\n   This machine has no psql: the story uses a driver, ${demo.client.name}.`);
    await tell(story, demo, screen, stopping.signal);
    failed = screen.failures.length;
    if (!stopping.signal.aborted) {
      summary(screen, (performance.now() - began) / 1000);
      if (!once) {
        farewell(demo, screen);
        await staysUp(stopping.asked);
      }
    }
    screen.line(`\n   ${screen.paint("dim", "ending what was started …")}`);
  } catch (cause) {
    if (stopping.signal.aborted) return 130;
    screen.line(`\n${cause instanceof Error ? cause.message : String(cause)}`);
    return 1;
  }
  return failed > 0 || (once && stopping.signal.aborted) ? 1 : 0;
}

function summary(screen: Screen, seconds: number): void {
  const { checks, failures } = screen;
  const text = `${checks - failures.length} of ${checks} checks held, in ${seconds.toFixed(0)} s`;
  screen.line();
  screen.line(`   ${screen.paint(failures.length === 0 ? "green" : "red", text)}`);
  for (const failure of failures) screen.line(`   ${screen.paint("red", `✗ ${failure}`)}`);
}

/** The first signal ends the demo in order, the second at once; what was started sees that and ends, too. */
function stopOnSignal(): { signal: AbortSignal; asked: Promise<void> } {
  const stopping = new AbortController();
  const asked = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (stopping.signal.aborted) process.exit(130);
        stopping.abort();
        resolve();
      });
    }
  });
  return { signal: stopping.signal, asked };
}

/** A promise alone does not keep a process alive. */
async function staysUp(until: Promise<void>): Promise<void> {
  const alive = setInterval(() => undefined, 60_000);
  await until;
  clearInterval(alive);
}

const { once = false } = programArguments(usage, read);
process.exitCode = await main(once);
