import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ArchiveStore } from "./archive-store.ts";

export interface Opened {
  readonly store: ArchiveStore;
  /** The same place through another client, as another process would open it. */
  readonly again: () => ArchiveStore;
  readonly close: () => Promise<void>;
}

const bytes = (text: string) => Buffer.from(text);

async function keysOf(listing: AsyncIterable<string>): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of listing) keys.push(key);
  return keys;
}

/** What every archive store must do; `open` gives an empty one. */
export function archiveContract(name: string, open: () => Promise<Opened>): void {
  describe(`archive store: ${name}`, () => {
    let opened: Opened;
    let store: ArchiveStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    test("an object is created once and stays as it was", async () => {
      expect(await store.putIfAbsent("a/b.json", bytes("first"))).toBe("created");
      expect(await store.putIfAbsent("a/b.json", bytes("second"))).toBe("exists");
      expect(String(await opened.again().get("a/b.json"))).toBe("first");
      expect(await store.head("a/b.json")).toEqual({ bytes: 5 });
    });

    test("of 20 racing writers one creates the object, and it is whole", async () => {
      const bodies = Array.from({ length: 20 }, (_, i) => Buffer.alloc(100_000, 65 + i));
      const stores = [store, opened.again()];
      const answers = await Promise.all(
        bodies.map((body, i) => (stores[i % 2] ?? store).putIfAbsent("race", body)),
      );
      expect(answers.filter((answer) => answer === "created")).toHaveLength(1);
      expect(await store.get("race")).toEqual(bodies[answers.indexOf("created")]);
    });

    test("what is not there is null", async () => {
      expect(await store.get("nothing/here")).toBeNull();
      expect(await store.get("nothing/here", { offset: 0, length: 1 })).toBeNull();
      expect(await store.head("nothing/here")).toBeNull();
      expect(await keysOf(store.list("nothing/"))).toEqual([]);
    });

    test("ranges are cut to what is there", async () => {
      await store.putIfAbsent("ranged", bytes("0123456789"));
      const range = async (offset: number, length: number) =>
        String(await store.get("ranged", { offset, length }));
      expect(await range(2, 3)).toBe("234");
      expect(await range(8, 100)).toBe("89");
      expect(await range(10, 5)).toBe("");
    });

    test("an empty object is an object", async () => {
      expect(await store.putIfAbsent("empty", Buffer.alloc(0))).toBe("created");
      expect(await store.get("empty")).toEqual(Buffer.alloc(0));
    });

    test("keys are listed in byte order, by prefix, after a key", async () => {
      const keys = ["m/0/1", "m/0/2", "m/1/1", "m/10/1", "m/2/1", "n/1"];
      for (const key of keys.toReversed()) await store.putIfAbsent(key, bytes(key));
      expect(await keysOf(store.list(""))).toEqual(keys);
      expect(await keysOf(store.list("m/"))).toEqual(keys.slice(0, 5));
      expect(await keysOf(store.list("m/0/", "m/0/1"))).toEqual(["m/0/2"]);
      expect(await keysOf(store.list("m/", "m/0/:"))).toEqual(["m/1/1", "m/10/1", "m/2/1"]);
    });

    test("keys whose beginnings are folders of others are all listed", async () => {
      const keys = ["m/1-x", "m/1.x", "m/1/1", "m/10/1"];
      for (const key of [...keys, "m/2"]) await store.putIfAbsent(key, bytes(key));
      expect((await keysOf(store.list("m/1"))).toSorted()).toEqual(keys);
    });

    test("a key that could leave the archive is refused", async () => {
      for (const key of ["", "/a", "../a", "a/../b", "a//b", "a/", ".a", "A", "a\0b", "a b"])
        await expect(store.putIfAbsent(key, bytes("x"))).rejects.toThrow("is no archive key");
    });
  });
}
