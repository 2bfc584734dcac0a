import { chmod, cp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  chainLength,
  checkArchive,
  DirectoryStore,
  manifestAt,
  manifestKey,
} from "@sallyport/evidence";
import { SampleArchive } from "@sallyport/evidence/sample-archive";
import { SampleSession } from "@sallyport/evidence/sample";
import { newStartId } from "@sallyport/contracts";
import { readSigningPublicKey } from "@sallyport/runtime";
import { runSally, type SallyResult } from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type Cluster } from "./cluster.ts";

let cluster: Cluster;
/** What real services have archived, in several links, after they have ended. */
let original: string;
let session: string;
let key: string;
beforeAll(async () => {
  cluster = await startCluster({
    change: (config) => {
      for (const connection of Object.values(config.connections)) connection.record = "rows";
    },
  });
  for (let number = 1; number <= 2; number++) {
    const mark = `SELECT ${number} AS number, name, email FROM customers ORDER BY id`;
    {
      await using client = await cluster.connect("ci-runner");
      await client.query(mark);
    }
    // Each in a link of its own.
    const record = await cluster.recorded(
      (one) => one["principal"] === "corp#ci-runner" && one["session"] !== session,
    );
    session = record.session;
  }
  key = join(cluster.data, "keys", "signing.pub");
  original = join(cluster.directory, "archive");
  await cluster.up.stop();
});
afterAll(() => cluster?.stop());

/** A copy to be attacked, as whoever may write the storage can. */
async function copied(name: string) {
  const directory = join(cluster.directory, `copy-${name}`);
  await cp(original, directory, { recursive: true });
  const store = new DirectoryStore(directory);
  const path = (object: string): string => join(directory, object);
  const end = await chainLength(store, 0);
  return {
    directory,
    end,
    path,
    put: async (object: string, bytes: Uint8Array | string) => {
      await rm(path(object), { force: true });
      await writeFile(path(object), bytes);
    },
    /** The objects of a kind, the latest first. */
    objects: async (kind: string): Promise<string[]> => {
      const found: string[] = [];
      for (let n = end; n > 0; n--)
        for (const one of (await manifestAt(store, 0, n)).manifest.objects)
          if (one.kind === kind) found.push(one.key);
      return found;
    },
    sally: (...args: string[]): Promise<SallyResult> =>
      runSally(["verify", "--archive", directory, "--key", key, ...args], { cwd: "/" }),
    /** What the command finds wrong, without a process: codes and objects. */
    wrong: async (): Promise<string[]> => {
      const found: string[] = [];
      await checkArchive(store, {
        keys: [readSigningPublicKey(join(cluster.data, "keys"))],
        found: ({ severity, code, object }) => {
          if (severity === "broken") found.push(`${code} ${object ?? ""}`);
        },
      });
      return found;
    },
  };
}

/** The findings of `--json`, and the sum. */
const lines = ({ stdout }: SallyResult): Record<string, unknown>[] =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("an archive of real services is whole; what was looked at is summed up", async () => {
  const on = await copied("whole");
  const { code, stdout, stderr } = await on.sally();
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(
    /^\d+ manifests, \d+ objects \([\d.]+ \w+\), \d+ sessions, \d+ events, in .*\n(\d+ notes?: .*\n)?nothing is missing, changed or signed by another key\n$/,
  );
});

describe("whoever may write the storage", () => {
  test("changes a byte of rows", async () => {
    const on = await copied("byte");
    const [object = ""] = await on.objects("output");
    const bytes = await readFile(on.path(object));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await on.put(object, bytes);
    const { code, stdout } = await on.sally();
    expect(code).toBe(1);
    expect(stdout).toContain(`✗ object-changed: \`${object}\` is not what manifest`);
    expect(stdout).toContain("compare it with a backup");
  });

  test("deletes a manifest in the middle", async () => {
    const on = await copied("middle");
    const gone = manifestKey(0, on.end - 1);
    await rm(on.path(gone));
    expect(await on.wrong()).toEqual(expect.arrayContaining([`manifest-missing ${gone}`]));
  });

  test("deletes the last manifest, and then all that it names", async () => {
    const on = await copied("last");
    const seen = ["--json", "--seen", join(cluster.directory, "seen.json")];
    const before = await on.sally(...seen);
    expect([before.code, lines(before).at(-1)]).toEqual([
      0,
      expect.objectContaining({ type: "summary", manifests: on.end, broken: 0 }),
    ]);
    const last = await manifestAt(new DirectoryStore(on.directory), 0, on.end);
    const objects = last.manifest.objects.filter(({ kind }) => kind !== "bundle");
    await rm(on.path(manifestKey(0, on.end)));
    expect(await on.wrong()).toContain(`object-unnamed ${objects[0]?.key}`);
    for (const { key: object } of objects) await rm(on.path(object));
    const after = await on.sally(...seen);
    expect([after.code, lines(after)]).toEqual([
      1,
      expect.arrayContaining([
        expect.objectContaining({
          type: "finding",
          severity: "broken",
          code: "chain-cut",
          object: manifestKey(0, on.end),
          next: expect.stringContaining("look for the object in a backup") as string,
        }),
        expect.objectContaining({ type: "summary", manifests: on.end - 1 }),
      ]),
    ]);
  });

  test("deletes the object of a session", async () => {
    const on = await copied("deleted");
    const [object = ""] = await on.objects("events");
    await rm(on.path(object));
    expect(await on.wrong()).toEqual(expect.arrayContaining([`object-missing ${object}`]));
  });

  test("exchanges two objects, and two manifests", async () => {
    const on = await copied("exchanged");
    const [a = "", b = ""] = await on.objects("events");
    const exchange = async (one: string, other: string): Promise<void> => {
      await rename(on.path(one), on.path("x"));
      await rename(on.path(other), on.path(one));
      await rename(on.path("x"), on.path(other));
    };
    await exchange(a, b);
    expect(await on.wrong()).toEqual(
      expect.arrayContaining([`object-changed ${a}`, `object-changed ${b}`]),
    );
    await exchange(a, b);
    const [m, n] = [manifestKey(0, on.end - 1), manifestKey(0, on.end)];
    await exchange(m, n);
    expect(await on.wrong()).toEqual(
      expect.arrayContaining([`chain-broken ${m}`, `chain-broken ${n}`]),
    );
  });

  test("puts the session of another archive in the place of one, signed by that one's key", async () => {
    const on = await copied("foreign");
    const other = await SampleArchive.create();
    try {
      const sample = new SampleSession();
      const command = { open: sample.open(newStartId(), 1), ...sample.command("select 1") };
      other.record("command", command.open, command.line);
      const verdict = sample.verdict(command);
      other.record("verdict", verdict);
      other.record("event", sample.result(command, verdict, []), sample.close());
      await other.commit();
      const { manifest } = await manifestAt(other.store, 0, 1);
      const [victim = ""] = await on.objects("events");
      const [foreign] = manifest.objects;
      await on.put(victim, await readFile(join(other.directory, foreign?.key ?? "")));
      expect(await on.wrong()).toEqual(expect.arrayContaining([`object-changed ${victim}`]));
      await cp(other.directory, on.directory, { recursive: true, force: true });
      expect(await on.wrong()).toEqual(
        expect.arrayContaining([`key-unknown ${manifestKey(0, 1)}`]),
      );
    } finally {
      await other.remove();
    }
  });

  test("changes a manifest's words", async () => {
    const on = await copied("words");
    const object = manifestKey(0, on.end);
    await chmod(on.path(object), 0o600);
    const text = await readFile(on.path(object), "utf8");
    await on.put(object, text.replace('"missingBundles":[]', '"missingBundles":[7]'));
    expect(await on.wrong()).toEqual(expect.arrayContaining([`signature-wrong ${object}`]));
  });
});

test("what cannot be checked exits with 2", async () => {
  const empty = join(cluster.directory, "policies");
  const cases: [archive: string, pub: string, said: string][] = [
    ["nowhere", key, "there is no archive at"],
    [original, "no.pub", "is no recorder's public key"],
    [empty, key, "there is no chain in the archive"],
  ];
  const verify = async ([archive, pub, said]: (typeof cases)[number]): Promise<void> => {
    const args = ["verify", "--archive", archive, "--key", pub];
    const { code, stderr } = await runSally(args, { cwd: cluster.directory });
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
  };
  await Promise.all(cases.map(verify));
});
