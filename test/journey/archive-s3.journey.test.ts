import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkChain, checkSession } from "@sallyport/evidence";
import { readSigningPublicKey } from "@sallyport/runtime";
import { FaultyS3, hasS3, runSally, startS3, waitFor, type S3Server } from "@sallyport/testkit";
import { DatabaseError, type Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type Cluster } from "./cluster.ts";

const prefix = "sallyport/production";
let s3: S3Server;
let faults: FaultyS3;
let bucket: string;
let cluster: Cluster;
beforeAll(async () => {
  s3 = await startS3();
  Object.assign(process.env, s3.env());
  faults = await FaultyS3.start(s3);
  bucket = await s3.bucket({ lock: true });
  cluster = await startCluster({
    change: (config) => {
      config.archive = {
        every: "1s",
        s3: {
          bucket,
          prefix,
          endpoint: faults.endpoint,
          lock: { mode: "compliance", days: 1 },
        },
      };
      config.limits = { ...config.limits, record: "1MiB" };
    },
  });
});
afterAll(async () => {
  await cluster?.stop();
  await faults?.[Symbol.asyncDispose]();
  await s3?.stop();
});

describe.runIf(hasS3())("an archive on S3", () => {
  test("a session is listed and replayed from S3, also by whoever has only a reader's key", async () => {
    const { stdout } = await cluster.psql(
      "ci-runner",
      "SELECT email FROM customers ORDER BY id LIMIT 1",
    );
    const { session: id } = await cluster.recorded(
      ({ principal }) => principal === "corp#ci-runner",
    );
    const replay = await cluster.sally(["replay", id]);
    expect(replay.stdout).toContain("SELECT email FROM customers ORDER BY id LIMIT 1");
    expect(replay.stdout).toContain(stdout.trim());
    expect(replay.stdout).toContain("complete: every event is there");

    const elsewhere = await runSally(["replay", id, "--archive", `s3://${bucket}/${prefix}`], {
      env: { ...s3.env("reader"), AWS_ENDPOINT_URL_S3: s3.endpoint },
      cwd: "/",
    });
    expect(elsewhere).toEqual(replay);

    const verified = await cluster.sally(["verify"]);
    expect([verified.code, verified.stderr]).toEqual([0, ""]);
    expect(verified.stdout).toContain("nothing is missing, changed");
  });

  test("the doctor tries the archive and looks at its Object Lock", async () => {
    const checks = (await cluster.sallyJson(["doctor"])).filter(({ about }) =>
      String(about).startsWith("archive"),
    );
    expect(checks).toMatchObject([
      { state: "ok", found: `s3://${bucket}/${prefix} answers` },
      { state: "ok", found: "an object that is there is not written again" },
      { state: "ok", found: expect.stringContaining("(compliance, 1 days)") as string },
    ]);
  });

  test("only those who archive or read the archive have the storage's key", () => {
    const { AWS_SECRET_ACCESS_KEY: secret = "" } = s3.env();
    const having = cluster.up
      .services()
      .filter(({ pid }) => readFileSync(`/proc/${pid}/environ`).includes(secret))
      .map(({ service }) => service);
    expect(having.toSorted()).toEqual(["approval", "authn", "recorder"]);
  });

  /** What a statement or a log-in was refused with, null when it was not. */
  const refusal = (doing: Promise<unknown>): Promise<DatabaseError | null> =>
    doing.then(
      () => null,
      (cause: unknown) => {
        if (cause instanceof DatabaseError) return cause;
        throw cause;
      },
    );

  async function logIn(): Promise<void> {
    await using client = await cluster.connect("ci-runner");
    await client.query("SELECT 1");
  }

  test(
    "S3 out of reach until the record is full: sessions refused at 75 %, commands at 90 %, nothing lost",
    { timeout: 600_000 },
    async () => {
      const client: Client = await cluster.connect("ci-runner");
      await faults.down();
      let done = 0;
      const padded = async (): Promise<void> => {
        await client.query(`SELECT ${done} AS n /* ${"x".repeat(50_000)} */`);
        done += 1;
      };
      // Up to half of it as fast as it goes.
      for (let fast = 0; fast < 8; fast++) await padded();
      const noSession = await waitFor(
        async () => {
          // As slowly as the worker looks at the record, so that commands are still taken.
          await padded();
          return refusal(logIn());
        },
        { what: "new sessions to be refused", timeout: 120_000, every: 1000 },
      );
      expect(noSession).toMatchObject({
        code: "53100",
        message: "no session can be opened: the record is over three quarters full",
      });
      await padded();
      const noCommand = await waitFor(() => refusal(padded()), {
        what: "commands to be refused",
        timeout: 120_000,
        every: 500,
      });
      expect(noCommand).toMatchObject({
        code: "53100",
        message: "the command could not be recorded: the record is full",
      });
      await waitFor(
        async () => {
          const page = await fetch(`http://${cluster.up.listen["recorder"]}/readyz`);
          return (await page.text()).includes("ECONNREFUSED");
        },
        { what: "the recorder to say why" },
      );

      await faults.up();
      await waitFor(async () => (await refusal(logIn())) === null, {
        what: "sessions to be opened again",
        timeout: 120_000,
      });
      await padded();
      await client.end();
      const record = await waitFor(
        async () => {
          for (const parts of await cluster.reader().sessions()) {
            const found = await cluster.reader().read(parts, true);
            const last = found.commands.some(({ asked }) =>
              asked.event.text.startsWith(`SELECT ${done - 1} AS n`),
            );
            // Its end may be there before its last rows.
            if (last && checkSession(found).length === 0) return found;
          }
          return null;
        },
        { what: "the session in the archive, whole", timeout: 120_000, every: 500 },
      );
      const key = readSigningPublicKey(join(cluster.data, "keys"));
      expect((await checkChain(cluster.archive, 0, key)).findings).toEqual([]);
      const ran = (await cluster.target.statements()).filter(({ text }) =>
        text.includes(" AS n /* xx"),
      );
      expect(ran).toHaveLength(done);
      expect(
        record.commands.filter(({ result }) => result?.event.outcome === "executed").length,
      ).toBeGreaterThanOrEqual(done);
    },
  );
});
