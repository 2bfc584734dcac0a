import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test, type TestContext } from "vitest";
import { serviceProcesses, waitFor } from "@sallyport/testkit";

const root = fileURLToPath(new URL("../..", import.meta.url));

type AtEnd = Pick<TestContext, "onTestFinished">;

function startDemo(
  { onTestFinished }: AtEnd,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
) {
  const child = spawn(process.execPath, [join(root, "examples/demo/src/main.ts"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env,
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const done = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(() => void child.kill("SIGKILL"));
  const folder = join(root, ".sallyport", `demo-${child.pid}`);
  return {
    folder,
    done,
    get text() {
      return text;
    },
    signal: (signal: NodeJS.Signals) => child.kill(signal),
  };
}

/** The failed checks of a story, and whether it told all. */
const failed = (text: string): string[] => text.split("\n").filter((line) => line.includes("✗"));

const allHeld = /(\d+) of \1 checks held/;

// Beside each other, as two on one machine may be.
test.concurrent("once, without psql: it says so, tells the story with a driver to its end, and nothing is left of it", async (context) => {
  const env = { ...process.env, PATH: await pathWithoutPsql(context) };
  const demo = startDemo(context, ["--once"], env);
  const code = await demo.done;
  expect(demo.text).toContain("This machine has no psql");
  expect(failed(demo.text)).toEqual([]);
  expect(demo.text).toMatch(allHeld);
  expect(code).toBe(0);
  expect(existsSync(demo.folder)).toBe(false);
});

test.concurrent("the story holds to its end; it stays up with lines to copy until Ctrl-C, which ends all that it started", async (context) => {
  const demo = startDemo(context, []);
  await waitFor(() => demo.text.includes("Ctrl-C ends it"), {
    what: "the demo to stay up",
    timeout: 240_000,
  });
  expect(failed(demo.text)).toEqual([]);
  expect(demo.text).toMatch(allHeld);
  expect(demo.text).toContain("npm run --silent sally -- approvals approve HOLD");
  const data = join(demo.folder, ".sallyport");
  const services = serviceProcesses(data).map(({ service }) => service);
  expect(services.toSorted()).toEqual([
    "approval",
    "authn",
    "nats-server",
    "policy",
    "proxy",
    "recorder",
  ]);
  demo.signal("SIGINT");
  expect(await demo.done).toBe(0);
  expect(serviceProcesses(data)).toEqual([]);
  expect(existsSync(demo.folder)).toBe(false);
});

/** The programs of this machine's PATH but psql, by links. */
async function pathWithoutPsql({ onTestFinished }: AtEnd): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sallyport-no-psql-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of await readdir(directory).catch(() => []))
      if (name !== "psql") await symlink(join(directory, name), join(folder, name)).catch(() => {});
  }
  return folder;
}
