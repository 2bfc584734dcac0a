import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "sallyport-shutdown-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A process that stops when `stop` says so, and has told us that it listens to signals. */
async function start(stop: string): Promise<ChildProcess> {
  const index = fileURLToPath(new URL("./index.ts", import.meta.url));
  const file = join(directory, `${Math.random()}.ts`);
  writeFileSync(
    file,
    `import { onShutdown, openLog, sayReady } from ${JSON.stringify(index)};
setInterval(() => {}, 1000);
onShutdown({ log: openLog("authn", "silent"), deadline: 300, stop: ${stop} });
sayReady({ service: "authn", listen: {} });`,
  );
  const child = fork(file, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  await once(child, "message");
  return child;
}

const exitOf = async (child: ChildProcess): Promise<unknown> => (await once(child, "exit"))[0];

test("a signal stops, and that is a success", async () => {
  const child = await start("async () => {}");
  child.kill("SIGTERM");
  expect(await exitOf(child)).toBe(0);
});

test("what does not stop in time, or throws, is a failure", async () => {
  const late = await start("() => new Promise(() => {})");
  const broken = await start("async () => { throw new Error('no'); }");
  late.kill("SIGINT");
  broken.kill("SIGINT");
  expect(await Promise.all([exitOf(late), exitOf(broken)])).toEqual([1, 1]);
});

test("the loss of the parent stops", async () => {
  const child = await start("async () => {}");
  child.disconnect();
  expect(await exitOf(child)).toBe(0);
});

test("a second signal ends at once", async () => {
  const child = await start("() => new Promise(() => { process.send('stopping'); })");
  child.kill("SIGTERM");
  await once(child, "message");
  child.kill("SIGTERM");
  expect(await exitOf(child)).toBe(1);
});
