import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { busUser, createCredentials, publicKeyOf, readCredentials } from "./credentials.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sallyport-credentials-"));
});
afterEach(() => rm(directory, { recursive: true }));

test("a set has one file a user, readable by its owner only, and is made once", async () => {
  const made = await createCredentials(directory, { workers: ["w1", "w2", "w3"], partitions: 2 });
  expect((await readdir(directory)).length).toBe(10);
  expect((await stat(join(directory, "w1.json"))).mode & 0o777).toBe(0o600);
  expect(made.filter(({ role }) => role === "worker").map(({ partition }) => partition)).toEqual([
    0, 1, 0,
  ]);
  const again = await createCredentials(directory, { workers: ["w1", "w2"], partitions: 2 });
  expect(again).toEqual(made.filter(({ user }) => user !== "w3"));
  expect(await readCredentials(directory, "policy")).toEqual(made[0]);
  expect(new Set(made.map((one) => busUser(one).publicKey)).size).toBe(10);
});

test("the witness is told whose keys to watch, also after one was made anew", async () => {
  const keysOf = (all: Awaited<ReturnType<typeof createCredentials>>) =>
    Object.fromEntries(
      all
        .filter(({ user }) => user === "operator" || user === "setup")
        .map((one) => [one.user, publicKeyOf(one)]),
    );
  const made = await createCredentials(directory, { workers: ["w1"] });
  const before = await readCredentials(directory, "witness");
  expect(before.watches).toEqual(keysOf(made));
  await rm(join(directory, "operator.json"));
  const again = await createCredentials(directory, { workers: ["w1"] });
  const after = await readCredentials(directory, "witness");
  expect(after).toEqual({ ...before, watches: keysOf(again) });
  expect(after.watches).not.toEqual(before.watches);
  expect((await readdir(directory)).filter((file) => file.endsWith(".new"))).toEqual([]);
});

test("a worker cannot have a service's name, nor another's file", async () => {
  for (const name of ["authn", "operator", "witness", "all", "W1", "a.b", "", "*"])
    await expect(createCredentials(directory, { workers: [name] })).rejects.toThrow("no name");
  await expect(createCredentials(directory, { workers: ["w1", "w1"] })).rejects.toThrow(
    "same name",
  );
  await createCredentials(directory, { workers: ["w1", "w2"] });
  await expect(
    createCredentials(directory, { workers: ["w1", "w2"], partitions: 2 }),
  ).rejects.toThrow("`w2` are for another role or partition");
});

test("an error names the file and never its content", async () => {
  await expect(readCredentials(directory, "w1")).rejects.toThrow("cannot be read");
  await writeFile(join(directory, "w1.json"), '{"v":1,"seed":"SUSECRET"}');
  const failed: unknown = await readCredentials(directory, "w1").catch((cause: unknown) => cause);
  expect(String(failed)).toMatch(/w1\.json` is not one for user `w1`/);
  expect(JSON.stringify(failed) + String((failed as Error).stack)).not.toContain("SUSECRET");
});
