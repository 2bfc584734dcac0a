import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type HeadObjectCommandOutput,
} from "@aws-sdk/client-s3";
import { newStartId } from "@sallyport/contracts";
import { checkChain, manifestAt, manifestKey } from "@sallyport/evidence";
import { archiveContract } from "@sallyport/evidence/contract";
import { SampleSession } from "@sallyport/evidence/sample";
import { SampleArchive } from "@sallyport/evidence/sample-archive";
import { S3Store } from "@sallyport/evidence/s3";
import {
  FaultyS3,
  hasS3,
  runSally,
  startS3,
  waitFor,
  type S3Fault,
  type S3Server,
} from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

let s3: S3Server;
beforeAll(async () => {
  s3 = await startS3();
  Object.assign(process.env, s3.env());
});
afterAll(() => s3.stop());

const open = (bucket: string, prefix = "", over: object = {}): S3Store =>
  new S3Store({ bucket, prefix, endpoint: s3.endpoint, ...over });

async function keysOf(listing: AsyncIterable<string>): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of listing) keys.push(key);
  return keys;
}

describe.runIf(hasS3())("on a real S3 server", () => {
  archiveContract("S3", async () => {
    const bucket = await s3.bucket();
    return {
      store: open(bucket),
      again: () => open(bucket),
      close: () => Promise.resolve(),
    };
  });

  archiveContract("a prefix of a bucket on S3", async () => {
    const bucket = await s3.bucket();
    await open(bucket).putIfAbsent("sallyport/other/a", Buffer.from("another archive's"));
    await open(bucket).putIfAbsent("m/0/0", Buffer.from("another archive's"));
    return {
      store: open(bucket, "sallyport/production"),
      again: () => open(bucket, "sallyport/production"),
      close: () => Promise.resolve(),
    };
  });
});

describe.runIf(hasS3())("on S3", () => {
  // A server may tell more than one of several writers that race that theirs was created (SeaweedFS does, now and
  // then). Objects of several parts are named after their content; what decides a race, a manifest, is small.
  test("an object of several parts is one writer's, whole, and is not written again", async () => {
    const store = open(await s3.bucket());
    const bodies = [1, 2, 3].map((fill) => Buffer.alloc(20 * 1024 ** 2 + fill, fill));
    const answers = await Promise.all(bodies.map((body) => store.putIfAbsent("large", body)));
    const kept = await store.get("large");
    const created = bodies.find((body, at) => answers[at] === "created" && kept?.equals(body));
    expect(created).toBeDefined();
    expect(await store.get("large", { offset: 8 * 1024 ** 2 - 1, length: 2 })).toEqual(
      created?.subarray(0, 2),
    );
    expect(await store.putIfAbsent("large", Buffer.from("small"))).toBe("exists");
    expect((await store.head("large"))?.bytes).toBe(created?.length);
  });

  test("more keys than a page holds are all listed, also after one", async () => {
    const bucket = await s3.bucket();
    const store = open(bucket);
    const keys = Array.from({ length: 1203 }, (_, n) => `m/${String(n).padStart(6, "0")}.json`);
    for (let first = 0; first < keys.length; first += 50)
      await Promise.all(
        keys.slice(first, first + 50).map((key) => store.putIfAbsent(key, Buffer.from(key))),
      );
    await s3.client.send(
      new PutObjectCommand({ Bucket: bucket, Key: "m/", Body: Buffer.alloc(0) }),
    );
    expect(await keysOf(store.list("m/"))).toEqual(keys);
    expect(await keysOf(store.list("m/", keys[99]))).toEqual(keys.slice(100));
  });

  test("an upload that a dead writer left goes after an hour, a younger one stays", async () => {
    const bucket = await s3.bucket();
    const store = open(bucket);
    const uploads = async (): Promise<number> => {
      const found = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return found.Uploads?.length ?? 0;
    };
    await s3.client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: "left" }));
    await store.clean(Date.now());
    expect(await uploads()).toBe(1);
    await store.clean(Date.now() + 3_700_000);
    expect(await uploads()).toBe(0);
  });

  test("what is refused or not there is said, without the request", async () => {
    const bucket = await s3.bucket();
    const wrong = { ...s3.env("writer"), AWS_SECRET_ACCESS_KEY: "not-the-secret" };
    const restore = { ...s3.env("writer") };
    Object.assign(process.env, wrong);
    const stranger = open(bucket);
    await expect(stranger.putIfAbsent("a", Buffer.from("a"))).rejects.toThrow(
      `cannot create s3://${bucket}/a: SignatureDoesNotMatch (403)`,
    );
    Object.assign(process.env, restore);
    Object.assign(process.env, s3.env("reader"));
    const reader = open(bucket);
    await expect(reader.putIfAbsent("a", Buffer.from("a"))).rejects.toThrow("AccessDenied (403)");
    expect(await reader.get("a")).toBeNull();
    Object.assign(process.env, restore);
    await expect(open("no-such-bucket").get("a")).rejects.toThrow("NoSuchBucket (404)");
    await expect(open("no-such-bucket").putIfAbsent("a", Buffer.from("a"))).rejects.toThrow(
      "NoSuchBucket (404)",
    );
    await expect(keysOf(open("no-such-bucket").list(""))).rejects.toThrow("NoSuchBucket (404)");
  });

  test("objects are locked when the config says so, and cannot be deleted", async () => {
    const bucket = await s3.bucket({ lock: true });
    const store = open(bucket, "", { lock: { mode: "compliance", days: 2 } });
    expect(await store.objectLock()).toBe("on");
    expect(await open(await s3.bucket()).objectLock()).toBe("off");
    const large = Buffer.alloc(9 * 1024 ** 2, 1);
    expect(await store.putIfAbsent("small", Buffer.from("small"))).toBe("created");
    expect(await store.putIfAbsent("large", large)).toBe("created");
    await open(bucket).putIfAbsent("unlocked", large);
    const head = (key: string): Promise<HeadObjectCommandOutput> =>
      s3.client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    const remove = async (key: string): Promise<unknown> => {
      const { VersionId } = await head(key);
      const version = { Bucket: bucket, Key: key, VersionId, BypassGovernanceRetention: true };
      return s3.client.send(new DeleteObjectCommand(version));
    };
    for (const key of ["small", "large"]) {
      const { ObjectLockMode, ObjectLockRetainUntilDate } = await head(key);
      expect(ObjectLockMode).toBe("COMPLIANCE");
      expect((ObjectLockRetainUntilDate?.getTime() ?? 0) - Date.now()).toBeGreaterThan(86_400_000);
      await expect(remove(key)).rejects.toThrow("Access Denied");
    }
    await remove("unlocked");
    expect(await store.head("unlocked")).toBeNull();
    expect(await store.putIfAbsent("small", Buffer.from("other"))).toBe("exists");
  });
});

describe.runIf(hasS3())("on an S3 server on which things go wrong", () => {
  /** A store behind faults, an empty bucket, and that bucket past the faults. */
  async function faulty(): Promise<{ faults: FaultyS3; store: S3Store; truth: S3Store }> {
    const faults = await FaultyS3.start(s3);
    const bucket = await s3.bucket();
    return {
      faults,
      store: open(bucket, "", { endpoint: faults.endpoint }),
      truth: open(bucket),
    };
  }
  /** The fault for so many requests, none after them. */
  const times = (count: number, fault: S3Fault) => (): S3Fault => (count-- > 0 ? fault : "none");

  test.concurrent("what is throttled is tried again, and given up in the end", async () => {
    const { faults, store, truth } = await faulty();
    await using _ = faults;
    faults.fault = times(2, "slow-down");
    expect(await store.putIfAbsent("a", Buffer.from("a"))).toBe("created");
    expect(faults.requests).toHaveLength(3);
    faults.fault = () => "slow-down";
    await expect(store.putIfAbsent("b", Buffer.from("b"))).rejects.toThrow("SlowDown (503)");
    expect(faults.requests).toHaveLength(7);
    expect(await truth.get("b")).toBeNull();
  });

  test.concurrent("a creation whose answer is lost is there, once", async () => {
    const { faults, store, truth } = await faulty();
    await using _ = faults;
    faults.fault = times(1, "lose-answer");
    expect(await store.putIfAbsent("a", Buffer.from("mine"))).toBe("exists");
    expect(String(await truth.get("a"))).toBe("mine");
  });

  test.concurrent("parts whose answers are lost or throttled come to one whole object", async () => {
    const { faults, store, truth } = await faulty();
    await using _ = faults;
    const body = Buffer.alloc(17 * 1024 ** 2, "abcdefg");
    let asked = 0;
    faults.fault = ({ method }) => {
      if (method !== "PUT") return "none";
      asked += 1;
      return asked === 1 ? "lose-answer" : asked === 2 ? "slow-down" : "none";
    };
    expect(await store.putIfAbsent("large", body)).toBe("created");
    expect((await truth.get("large"))?.equals(body)).toBe(true);
  });

  test.concurrent("an answer that is cut off in its middle is asked for again", async () => {
    const { faults, store, truth } = await faulty();
    await using _ = faults;
    const body = Buffer.alloc(300_000, "abcdefg");
    await truth.putIfAbsent("a", body);
    faults.fault = times(1, "cut-answer");
    expect((await store.get("a"))?.equals(body)).toBe(true);
    expect(faults.requests).toHaveLength(2);
    faults.fault = () => "cut-answer";
    await expect(store.get("a")).rejects.toThrow("cannot read s3://");
  });

  test.concurrent("a server that is silent for 10 s is asked again", async () => {
    const { faults, store } = await faulty();
    await using _ = faults;
    faults.fault = times(1, { delay: 120_000 });
    expect(await store.putIfAbsent("a", Buffer.from("a"))).toBe("created");
    expect(faults.requests).toHaveLength(2);
  });

  test.concurrent("a server that is out of reach is said, with its address", async () => {
    const { faults, store } = await faulty();
    await faults.down();
    await expect(store.head("a")).rejects.toThrow(
      `connect ECONNREFUSED ${faults.endpoint.replace("http://", "")}`,
    );
  });

  test.concurrent("what is changed on its way to the server is refused, in one part and in several", async () => {
    const { faults, store, truth } = await faulty();
    await using _ = faults;
    faults.fault = ({ method }) => (method === "PUT" ? "flip-sent" : "none");
    const refused =
      /cannot create s3:\/\/\S+: (BadDigest|XAmzContent\w+|XAmzContentChecksum\w+) \(400\)/;
    await expect(store.putIfAbsent("small", Buffer.from("evidence"))).rejects.toThrow(refused);
    await expect(
      store.putIfAbsent("large", Buffer.alloc(9 * 1024 ** 2, "evidence")),
    ).rejects.toThrow(refused);
    expect(await keysOf(truth.list(""))).toEqual([]);
    faults.fault = times(1, "flip-sent");
    await store.putIfAbsent("again", Buffer.from("evidence")).catch(() => undefined);
    faults.fault = () => "none";
    await store.putIfAbsent("again", Buffer.from("evidence"));
    expect(String(await truth.get("again"))).toBe("evidence");
  });

  test.concurrent("what is changed on its way from the server is no answer", async () => {
    const { faults, store, truth } = await faulty();
    await using _ = faults;
    await truth.putIfAbsent("small", Buffer.from("evidence"));
    faults.fault = ({ method }) => (method === "GET" ? "flip-answer" : "none");
    await expect(store.get("small")).rejects.toThrow(
      /cannot read s3:\/\/\S+\/small: .*[Cc]hecksum/,
    );
    expect(faults.requests).toHaveLength(3);
    faults.fault = times(1, "flip-answer");
    expect(String(await store.get("small"))).toBe("evidence");
  });
});

describe.runIf(hasS3())("whoever has the storage", () => {
  /** Three links on S3, as the recorder wrote them, and what a verifier finds there. */
  async function evidence() {
    const sample = await SampleArchive.create();
    onTestFinished(() => sample.remove());
    const start = newStartId();
    for (let number = 1; number <= 3; number++) {
      const session = new SampleSession();
      const opened = session.open(start, number);
      const command = session.command(`select ${number}`);
      const verdict = session.verdict(command);
      const rows = [Buffer.from(`row ${number}`)];
      sample.record("command", opened, command.line);
      sample.record("verdict", verdict);
      sample.output(session.chunks(command, rows));
      sample.record("event", session.result(command, verdict, rows), session.close());
      await sample.commit();
    }
    const bucket = await s3.bucket();
    const store = open(bucket);
    const keys = await keysOf(sample.store.list(""));
    for (const key of keys)
      await store.putIfAbsent(key, (await sample.store.get(key)) ?? Buffer.alloc(0));
    return {
      bucket,
      publicKey: sample.publicKey,
      /** With the storage's own keys, past all that the store refuses. */
      overwrite: async (key: string, bytes: Buffer) =>
        s3.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes })),
      remove: async (key: string) =>
        s3.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })),
      bytes: async (key: string) => (await store.get(key)) ?? Buffer.alloc(0),
      object: async (n: number, kind: string) =>
        (await manifestAt(store, 0, n)).manifest.objects.find((one) => one.kind === kind)?.key ??
        "",
      found: async () =>
        (await checkChain(store, 0, sample.publicKey)).findings.map(({ code }) => code),
    };
  }

  test("cannot change, exchange or delete what is archived without its being found", async () => {
    const on = await evidence();
    expect(await on.found()).toEqual([]);
    const key = await on.object(2, "events");
    const original = await on.bytes(key);
    const changed = Buffer.from(original);
    changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1;
    await on.overwrite(key, changed);
    expect(await on.found()).toEqual(["object-changed"]);
    await on.overwrite(key, await on.bytes(await on.object(3, "events")));
    expect(await on.found()).toEqual(["object-changed"]);
    await on.remove(key);
    expect(await on.found()).toEqual(["object-missing"]);
    await on.overwrite(key, original);
    expect(await on.found()).toEqual([]);
  });

  test("is found by `sally verify` with a reader's rights and a public key, and nothing else", async () => {
    const on = await evidence();
    const folder = await mkdtemp(join(tmpdir(), "sallyport-auditor-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(
      join(folder, "signing.pub"),
      on.publicKey.export({ type: "spki", format: "pem" }),
    );
    const place = `s3://${on.bucket}`;
    const verify = () =>
      runSally(["verify", "--json", "--archive", place, "--key", "signing.pub"], {
        env: { ...s3.env("reader"), AWS_ENDPOINT_URL_S3: s3.endpoint },
        cwd: folder,
      });
    expect(await verify()).toMatchObject({ code: 0, stderr: "" });
    const [object, manifest] = [await on.object(3, "output"), manifestKey(0, 2)];
    await on.overwrite(object, Buffer.from("other rows"));
    await on.remove(manifest);
    const { code, stdout } = await verify();
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`"code":"object-changed".*"object":"${object}"`));
    expect(stdout).toMatch(new RegExp(`"code":"manifest-missing".*"object":"${manifest}"`));
  });

  test("cannot write another manifest: the recorder's key signs them", async () => {
    const on = await evidence();
    const key = manifestKey(0, 2);
    const text = (await on.bytes(key)).toString();
    await on.overwrite(key, Buffer.from(text.replace('"recorder":"sample"', '"recorder":"other"')));
    expect(await on.found()).toEqual(["signature-wrong", "chain-broken"]);
    await on.remove(key);
    expect(await on.found()).toEqual(expect.arrayContaining(["manifest-missing", "chain-broken"]));
  });
});

describe.runIf(hasS3())("credentials by the SDK's chain", () => {
  /** A store with nothing of the environment but this, and what its home has. */
  async function only(
    env: Record<string, string>,
    run: (store: S3Store) => Promise<void>,
  ): Promise<void> {
    const before = { ...process.env };
    for (const name of Object.keys(process.env))
      if (name.startsWith("AWS_")) delete process.env[name];
    Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: "true", ...env });
    try {
      await run(open(await s3.bucket()));
    } finally {
      for (const name of Object.keys(process.env))
        if (name.startsWith("AWS_")) delete process.env[name];
      Object.assign(process.env, before);
    }
  }
  async function file(name: string, text: string): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), "sallyport-aws-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const path = join(directory, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }
  const section = (profile: string, role: "writer" | "reader"): string =>
    `[${profile}]\naws_access_key_id = ${s3.keys[role].accessKeyId}\naws_secret_access_key = ${s3.keys[role].secretAccessKey}\n`;

  test("a shared credentials file, and a profile of it", async () => {
    const shared = await file(
      "credentials",
      section("default", "writer") + section("look", "reader"),
    );
    await only({ AWS_SHARED_CREDENTIALS_FILE: shared }, async (store) => {
      expect(await store.putIfAbsent("a", Buffer.from("a"))).toBe("created");
    });
    await only({ AWS_SHARED_CREDENTIALS_FILE: shared, AWS_PROFILE: "look" }, async (store) => {
      expect(await store.get("a")).toBeNull();
      await expect(store.putIfAbsent("a", Buffer.from("a"))).rejects.toThrow("AccessDenied (403)");
    });
  });

  test("no credentials at all are said", async () => {
    await only(
      { AWS_SHARED_CREDENTIALS_FILE: "/nowhere", AWS_CONFIG_FILE: "/nowhere" },
      async (store) => {
        await expect(store.get("a")).rejects.toThrow(
          /cannot read s3:\/\/\S+\/a: Could not load credentials/,
        );
      },
    );
  });

  test("credential_process, whose keys rotate while the store is in use", async () => {
    const keys = await file("keys.json", "");
    const hand = (role: "admin" | "writer" | "reader"): Promise<void> =>
      writeFile(
        keys,
        JSON.stringify({
          Version: 1,
          AccessKeyId: s3.keys[role].accessKeyId,
          SecretAccessKey: s3.keys[role].secretAccessKey,
          // The SDK asks again when less than five minutes are left.
          Expiration: new Date(Date.now() + 120_000).toISOString(),
        }),
      );
    const config = await file("config", `[default]\ncredential_process = cat ${keys}\n`);
    await hand("writer");
    const env = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: "/nowhere" };
    await only(env, async (store) => {
      let asked = 0;
      const put = (): Promise<string> =>
        store
          .putIfAbsent(`key-${++asked}`, Buffer.from("a"))
          .catch((cause: unknown) => String(cause));
      expect(await put()).toBe("created");
      // The SDK asks beside its work, and goes on with what it has until it has better.
      await hand("reader");
      await waitFor(async () => (await put()).includes("AccessDenied (403)"), {
        what: "the key that may only read to be in use",
      });
      await hand("admin");
      await waitFor(async () => (await put()) === "created", { what: "the next key to be in use" });
    });
  });
});
