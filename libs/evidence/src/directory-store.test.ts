import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { archiveContract } from "./archive.contract.ts";
import { DirectoryStore } from "./directory-store.ts";

archiveContract("directory", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sallyport-archive-"));
  return {
    store: new DirectoryStore(join(directory, "made", "when-needed")),
    again: () => new DirectoryStore(join(directory, "made", "when-needed")),
    close: () => rm(directory, { recursive: true }),
  };
});

test("keys are in byte order beside folders, too", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sallyport-archive-"));
  const store = new DirectoryStore(directory);
  const keys = ["1-x", "1.x", "1/1", "10/1"];
  for (const key of keys) await store.putIfAbsent(key, Buffer.from(key));
  const listed: string[] = [];
  for await (const key of store.list("")) listed.push(key);
  expect(listed).toEqual(keys);
  await rm(directory, { recursive: true });
});

test("what a dead writer left is no object, and goes after an hour", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sallyport-archive-"));
  const store = new DirectoryStore(directory);
  await store.putIfAbsent("a", Buffer.from("a"));
  await mkdir(join(directory, ".incoming"), { recursive: true });
  for (const name of ["old", "young"]) await writeFile(join(directory, ".incoming", name), "torn");
  await utimes(join(directory, ".incoming", "old"), 1000, 1000);
  await store.clean(Date.now());
  expect(await readdir(join(directory, ".incoming"))).toEqual(["young"]);
  const listed: string[] = [];
  for await (const key of store.list("")) listed.push(key);
  expect(listed).toEqual(["a"]);
  await rm(directory, { recursive: true });
});
