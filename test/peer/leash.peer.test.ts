import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { waitFor } from "@sallyport/testkit";

const root = fileURLToPath(new URL("../..", import.meta.url));

const holder = `
import { startNats, startPostgres } from "@sallyport/testkit";
const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
nats.freeze();
const [{ directory }] = await postgres.query("SELECT current_setting('unix_socket_directories') AS directory");
console.log(JSON.stringify({ pids: [nats.pid, postgres.pid], folders: [nats.storeDirectory, directory] }));
setInterval(() => {}, 1000);
`;

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("servers and their folders go when the one who started them is killed", async () => {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", holder], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: `${root}/test`,
  });
  const refused = text(child.stderr).then((reason) => Promise.reject(new Error(reason)));
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), refused]);
  refused.catch(() => undefined); // it is killed below
  const held: { pids: number[]; folders: string[] } = JSON.parse(String(line));
  expect(held.pids.map(alive)).toEqual([true, true]);
  child.kill("SIGKILL");
  await waitFor(() => !held.pids.some(alive), { what: "the servers to end" });
  await waitFor(() => !held.folders.some((folder) => existsSync(folder)), {
    what: "the folders to go",
  });
});
