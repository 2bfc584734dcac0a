import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { zstdCompressSync } from "node:zlib";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { dirname, join } from "node:path";
import { newStartId } from "@sallyport/contracts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ArchiveEnds } from "./archive-ends.ts";
import { manifestAt } from "./chain.ts";
import { checkArchive } from "./check-archive.ts";
import type { Finding } from "./finding.ts";
import { manifestKey } from "./manifest.ts";
import { SampleArchive } from "./sample-archive.ts";
import { SampleSession } from "./sample-session.ts";

const start = newStartId();

async function sampleArchive(): Promise<SampleArchive> {
  const made = await SampleArchive.create();
  for (let number = 1; number <= 4; number++) {
    const sample = new SampleSession();
    const open = sample.open(start, number);
    const command = sample.command(`select ${number}`);
    const verdict = sample.verdict(command);
    const rows = [Buffer.from(`row ${number}`)];
    made.record("command", open, command.line);
    made.record("verdict", verdict);
    made.output(sample.chunks(command, rows));
    made.record("event", sample.result(command, verdict, rows), sample.close());
    await made.commit();
  }
  return made;
}

/** A link each, a session each. */
let archive: SampleArchive;
beforeEach(async () => {
  archive = await sampleArchive();
});
afterEach(() => archive.remove());

interface Options {
  keys?: KeyObject[];
  since?: number;
  seen?: ArchiveEnds;
}

async function verify(options: Options = {}) {
  const findings: Finding[] = [];
  const report = await checkArchive(archive.store, {
    keys: [archive.publicKey],
    ...options,
    found: (finding) => findings.push(finding),
  });
  const of = (wanted: Finding["severity"]) =>
    findings
      .filter(({ severity }) => severity === wanted)
      .map(({ code, object }) => `${code} ${object ?? ""}`.trim());
  return { ...report, broken: of("broken"), notes: of("note"), findings };
}

const pathOf = (key: string): string => join(archive.directory, key);
const objectOf = async (n: number, kind: string, of = archive): Promise<string> =>
  (await manifestAt(of.store, 0, n)).manifest.objects.find((one) => one.kind === kind)?.key ?? "";
async function put(key: string, bytes: Buffer | string): Promise<void> {
  await mkdir(dirname(pathOf(key)), { recursive: true });
  await rm(pathOf(key), { force: true });
  await writeFile(pathOf(key), bytes);
}

test("an untouched archive has no findings, and is counted", async () => {
  const { findings, checked, ends } = await verify();
  expect(findings).toEqual([]);
  expect(checked).toMatchObject({ manifests: 4, objects: 12, sessions: 4, events: 20, earlier: 0 });
  expect(checked.bytes).toBeGreaterThan(1000);
  expect(ends.ends["0"]?.n).toBe(4);
});

test("an object that is away is told once, with the sessions that lack something for it", async () => {
  const key = await objectOf(2, "output");
  await rm(pathOf(key));
  expect((await verify()).broken).toEqual([`object-missing ${key}`, "output-missing"]);
});

describe("the end of the chain", () => {
  test("cut off, it leaves objects that hold more than the chain reaches", async () => {
    const objects = [await objectOf(4, "events"), await objectOf(4, "output")];
    const index = await objectOf(4, "index");
    await rm(pathOf(manifestKey(0, 4)));
    const { broken, notes } = await verify();
    expect(broken.toSorted()).toEqual(objects.map((key) => `object-unnamed ${key}`).toSorted());
    expect(notes).toEqual([`object-unnamed ${index}`]);
  });

  test("cut off with its objects, it is known to whoever saw it", async () => {
    const { ends: seen } = await verify();
    expect((await verify({ seen })).findings).toEqual([]);
    for (const kind of ["events", "output", "index"]) await rm(pathOf(await objectOf(4, kind)));
    await rm(pathOf(manifestKey(0, 4)));
    expect((await verify()).broken).toEqual([]);
    expect((await verify({ seen })).broken).toEqual([`chain-cut ${manifestKey(0, 4)}`]);
    await rm(pathOf("manifests"), { recursive: true });
    expect((await verify({ seen })).broken).toContain(`chain-cut ${manifestKey(0, 1)}`);
  });

  test("another history, signed by the same key, is not the one that was seen", async () => {
    const { ends: seen } = await verify();
    const forged = { ...seen, ends: { "0": { n: 4, sha256: "0".repeat(64) } } };
    expect((await verify({ seen: forged })).broken).toEqual([`chain-cut ${manifestKey(0, 4)}`]);
  });
});

test("what a dead recorder left is a note: the chain has what it holds", async () => {
  const key = `segments/0/${"a".repeat(64)}.events.ndjson.zst`;
  await put(key, await readFile(pathOf(await objectOf(2, "events"))));
  await put(`segments/0/${"b".repeat(64)}.output.zst`, "half a");
  await put("notes.txt", "of somebody");
  const { broken, notes } = await verify();
  expect(broken).toEqual([]);
  expect(notes.toSorted()).toEqual([
    "object-unnamed notes.txt",
    `object-unnamed ${key}`,
    `object-unnamed segments/0/${"b".repeat(64)}.output.zst`,
  ]);
});

test("keys that are no manifest's are named", async () => {
  await put("manifests/-", "");
  await put("manifests/0/x.json", "");
  expect((await verify()).broken).toEqual([
    "manifest-unreadable manifests/-",
    "manifest-unreadable manifests/0/x.json",
  ]);
});

describe("keys", () => {
  test("a chain whose key was changed wants both", async () => {
    const other = generateKeyPairSync("ed25519").publicKey;
    expect((await verify({ keys: [other, archive.publicKey] })).broken).toEqual([]);
    expect((await verify({ keys: [other] })).broken).toEqual(
      [1, 2, 3, 4].map((n) => `key-unknown ${manifestKey(0, n)}`),
    );
  });

  test("a link of another archive in the place of ours", async () => {
    const other = await sampleArchive();
    try {
      for (const kind of ["events", "output", "index"]) {
        const key = await objectOf(3, kind, other);
        await put(key, (await other.store.get(key)) ?? "");
      }
      await put(manifestKey(0, 3), (await other.store.get(manifestKey(0, 3))) ?? "");
      expect((await verify()).broken).toEqual(
        expect.arrayContaining([
          `key-unknown ${manifestKey(0, 3)}`,
          `chain-broken ${manifestKey(0, 3)}`,
          `chain-broken ${manifestKey(0, 4)}`,
        ]),
      );
    } finally {
      await other.remove();
    }
  });

  test("one that names what is no key of an archive is a finding like others", async () => {
    const path = pathOf(manifestKey(0, 4));
    await chmod(path, 0o600);
    const text = (await readFile(path)).toString();
    await writeFile(path, text.replace("segments/0/", "../../0/"));
    const { broken } = await verify();
    expect(broken).toContain(`signature-wrong ${manifestKey(0, 4)}`);
    expect(broken.some((one) => one.startsWith("object-missing ../../0/"))).toBe(true);
  });
});

describe("an archive that is made to harm its reader", () => {
  const unnamed = `segments/0/${"f".repeat(64)}.events.ndjson.zst`;

  test("has pipes, devices, folders and loops where objects should be: none is read", async () => {
    execFileSync("mkfifo", [pathOf(unnamed), pathOf(manifestKey(0, 5))], { stdio: "ignore" });
    await symlink("/dev/zero", pathOf(manifestKey(0, 6)));
    await symlink("/", pathOf(manifestKey(0, 7)));
    await symlink(pathOf(manifestKey(0, 8)), pathOf(manifestKey(0, 8)));
    const object = await objectOf(2, "events");
    await rm(pathOf(object));
    await symlink("/dev/zero", pathOf(object));
    const { broken, notes } = await verify();
    for (const n of [5, 6, 7, 8])
      expect(broken).toContain(`manifest-unreadable ${manifestKey(0, n)}`);
    expect(broken).toContain(`object-missing ${object}`);
    expect(notes).toContain(`object-unnamed ${unnamed}`);
  });

  test("has more findings than a call takes arguments", async () => {
    const holes = Array.from({ length: 150_000 }, (_, at) => [at + 100, at + 100]);
    const text = (await readFile(pathOf(manifestKey(0, 4)))).toString();
    await put(manifestKey(0, 4), text.replace('"holes":[]', `"holes":${JSON.stringify(holes)}`));
    expect((await verify()).broken).toHaveLength(150_002);
  });

  test("has what unpacks to more than a recorder packs into a frame", async () => {
    const detail = "x".repeat(17 * 1024 ** 2);
    const anomaly = { seq: 1, subject: "", time: "", anomaly: { code: "", detail, data: "" } };
    await put(unnamed, zstdCompressSync(`${JSON.stringify(anomaly)}\n`));
    const { findings } = await verify();
    expect(findings).toEqual([
      expect.objectContaining({ text: `no manifest names \`${unnamed}\`: it cannot be read` }),
    ]);
  });
});

test("`since` spares what is older, but follows the whole chain", async () => {
  const { manifest } = await manifestAt(archive.store, 0, 3);
  await rm(pathOf(await objectOf(1, "events")));
  const since = manifest.time;
  expect(await verify({ since })).toMatchObject({
    broken: [],
    checked: { objects: 6, sessions: 2 },
  });
  await rename(pathOf(manifestKey(0, 2)), pathOf("moved"));
  expect((await verify({ since })).broken).toContain(`manifest-missing ${manifestKey(0, 2)}`);
});
