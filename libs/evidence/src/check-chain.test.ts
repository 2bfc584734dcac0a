import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { generateKeyPairSync } from "node:crypto";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ArchiveReader, type SessionParts } from "./archive-reader.ts";
import { chainEnd, chainLength, partitionsOf } from "./chain.ts";
import { checkChain } from "./check-chain.ts";
import { manifestKey, readManifest } from "./manifest.ts";
import { SampleArchive } from "./sample-archive.ts";
import { SampleSession } from "./sample-session.ts";
import { checkStarts, sessionLine } from "./session-list.ts";
import { newSessionId, newStartId } from "@sallyport/contracts";

let archive: SampleArchive;
const start = newStartId();

/** Five links, a session each. */
beforeEach(async () => {
  archive = await SampleArchive.create();
  for (let number = 1; number <= 5; number++) {
    const sample = new SampleSession();
    const open = sample.open(start, number);
    const command = sample.command(`select ${number}`);
    const verdict = sample.verdict(command);
    const body = Buffer.from(`row ${number}`);
    archive.record("command", open, command.line);
    archive.record("verdict", verdict);
    archive.output(sample.chunks(command, [body]));
    archive.record("event", sample.result(command, verdict, [body]), sample.close());
    await archive.commit();
  }
});
afterEach(() => archive.remove());

const codes = async (): Promise<string[]> => {
  const { findings } = await checkChain(archive.store, 0, archive.publicKey);
  return findings.map(({ code }) => code);
};
const pathOf = (key: string): string => join(archive.directory, key);
const manifest = async (n: number) =>
  readManifest((await archive.store.get(manifestKey(0, n))) ?? Buffer.alloc(0)).manifest;
const objectOf = async (n: number, kind: string): Promise<string> =>
  (await manifest(n)).objects.find((object) => object.kind === kind)?.key ?? "";

async function change(key: string, edit: (bytes: Buffer) => Buffer): Promise<void> {
  await chmod(pathOf(key), 0o600);
  await writeFile(pathOf(key), edit(await readFile(pathOf(key))));
}

test("an untouched chain has no findings; its end is found", async () => {
  expect(await checkChain(archive.store, 0, archive.publicKey)).toEqual({
    manifests: 5,
    findings: [],
  });
  expect(await chainLength(archive.store, 0)).toBe(5);
  expect((await chainEnd(archive.store, 0))?.manifest.n).toBe(5);
  expect(await chainEnd(archive.store, 1)).toBeNull();
  expect(await partitionsOf(archive.store)).toEqual([0]);
});

test("keys that are no manifest's hide no chain, and make none", async () => {
  for (const key of [
    "manifests/0/x.json",
    "manifests/00/000000000001.json",
    "manifests/-",
    "manifests/7/1.json",
  ]) {
    await mkdir(dirname(pathOf(key)), { recursive: true });
    await writeFile(pathOf(key), "");
  }
  expect(await partitionsOf(archive.store)).toEqual([0]);
  expect(await codes()).toEqual(["manifest-unreadable"]);
});

test("a chain whose oldest links are gone ends where it did, and says that they are missing", async () => {
  for (const gone of [1, 2, 3, 4]) {
    await rm(pathOf(manifestKey(0, gone)));
    expect(await chainLength(archive.store, 0)).toBe(5);
    expect(await codes()).toEqual(["manifest-missing"]);
  }
  await rm(pathOf(manifestKey(0, 5)));
  expect(await chainLength(archive.store, 0)).toBe(0);
});

test.each([2, 3, 4])(
  "the end is behind a hole, at whichever manifest that is: %i",
  async (gone) => {
    await rm(pathOf(manifestKey(0, gone)));
    const holes: [number, number][] = [];
    expect(await chainLength(archive.store, 0, (...hole) => holes.push(hole))).toBe(5);
    // Halving may have stepped over it.
    expect(holes.every(([first, last]) => first === gone && last === gone)).toBe(true);
  },
);

test("manifests in the middle that the search for the end meets are told", async () => {
  for (const gone of [2, 3, 4]) await rm(pathOf(manifestKey(0, gone)));
  const holes: [number, number][] = [];
  expect((await chainEnd(archive.store, 0, (...hole) => holes.push(hole)))?.manifest.n).toBe(5);
  expect(holes).toEqual([[2, 4]]);
});

describe("tampering", () => {
  test("a manifest is missing", async () => {
    await rm(pathOf(manifestKey(0, 3)));
    expect(await codes()).toEqual(expect.arrayContaining(["manifest-missing", "chain-broken"]));
  });

  test("a manifest is changed", async () => {
    await change(manifestKey(0, 3), (bytes) =>
      Buffer.from(bytes.toString().replace('"recorder":"sample"', '"recorder":"someone"')),
    );
    expect(await codes()).toEqual(["signature-wrong", "chain-broken"]);
  });

  test("manifests are exchanged", async () => {
    const [a, b] = [pathOf(manifestKey(0, 2)), pathOf(manifestKey(0, 3))];
    await rename(a, `${a}.x`);
    await rename(b, a);
    await rename(`${a}.x`, b);
    expect(await codes()).toEqual(expect.arrayContaining(["chain-broken", "sequence-gap"]));
  });

  test("a manifest is a copy of another", async () => {
    const copy = await readFile(pathOf(manifestKey(0, 2)));
    await change(manifestKey(0, 3), () => copy);
    expect(await codes()).toEqual(expect.arrayContaining(["chain-broken"]));
  });

  test("a manifest is garbage", async () => {
    await change(manifestKey(0, 3), () => Buffer.from("garbage"));
    expect(await codes()).toEqual(expect.arrayContaining(["manifest-unreadable"]));
    const reader = new ArchiveReader(archive.store);
    expect(await reader.sessions()).toHaveLength(4);
    expect(reader.findings.map(({ code }) => code)).toEqual(["manifest-unreadable"]);
  });

  test("another key signed it", async () => {
    const other = generateKeyPairSync("ed25519").publicKey;
    const { findings } = await checkChain(archive.store, 0, other);
    expect(findings.map(({ code }) => code)).toEqual(Array(5).fill("key-unknown"));
  });

  test.each(["events", "output", "index"])("an %s object is missing", async (kind) => {
    await rm(pathOf(await objectOf(2, kind)));
    expect(await codes()).toEqual(["object-missing"]);
  });

  test.each(["events", "output", "index"])("an %s object is changed", async (kind) => {
    await change(await objectOf(2, kind), (bytes) => {
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      return bytes;
    });
    expect(await codes()).toEqual(["object-changed"]);
  });

  test.each(["events", "output", "index"])("an %s object is cut", async (kind) => {
    await change(await objectOf(2, kind), (bytes) => bytes.subarray(0, bytes.length - 1));
    expect(await codes()).toEqual(["object-changed"]);
    const reader = new ArchiveReader(archive.store);
    for (const parts of await reader.sessions()) await reader.read(parts, true);
    expect(reader.findings.length).toBeGreaterThan(0);
  });

  test("an object is exchanged for another segment's", async () => {
    const other = await readFile(pathOf(await objectOf(3, "events")));
    await change(await objectOf(2, "events"), () => other);
    expect(await codes()).toEqual(["object-changed"]);
  });
});

test("the list of sessions, and a session that is missing from its worker's count", async () => {
  const sessions = await new ArchiveReader(archive.store).sessions();
  expect(sessions).toHaveLength(5);
  for (const line of sessions.map(sessionLine))
    expect(line).toMatchObject({
      principal: "corp#ci-runner",
      connection: "orders",
      protocol: "postgres",
      commands: 1,
      denied: 0,
      held: 0,
      bytes: 100,
    });
  expect(checkStarts(sessions)).toEqual([]);
  const withoutThird = sessions.filter(({ parts }) => parts[0]?.part.open?.number !== 3);
  expect(checkStarts(withoutThird).map(({ code, text }) => [code, text])).toEqual([
    ["session-missing", `worker \`w1\`, start ${start}: session 3 is missing`],
  ]);
  const numbered = (number: number, writer: string): SessionParts[] =>
    sessions.slice(4).map(({ parts }) => ({
      session: newSessionId(),
      parts: parts.map(({ segment, part }) => ({
        segment,
        part: { ...part, writer, open: part.open && { ...part.open, number } },
      })),
    }));
  // One that is left out, and another in its place.
  expect(checkStarts([...sessions, ...numbered(2, "w1")]).map(({ code }) => code)).toEqual([
    "conflict",
  ]);
  // Another worker's claim on the start is its own affair.
  expect(checkStarts([...sessions, ...numbered(1, "w2")])).toEqual([]);
  expect(checkStarts([...sessions, ...numbered(9, "w2")]).map(({ text }) => text)).toEqual([
    `worker \`w2\`, start ${start}: sessions 1 to 8 are missing`,
  ]);
});
