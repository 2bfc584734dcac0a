import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buckets, type Config } from "@sallyport/contracts";
import { waitFor } from "@sallyport/testkit";
import { signing, type RecordedBus, type Started } from "./recorder.fixture.ts";
import type { KillPoint, RecorderTask } from "./recorder-process.ts";

const script = fileURLToPath(new URL("recorder-process.ts", import.meta.url));

/** A recorder in a process of its own; it archives in the test's directory, or on S3. */
export function startProcess(
  recorded: RecordedBus,
  killAt: KillPoint | null,
  s3?: Config["archive"]["s3"],
): ChildProcess {
  const credentials = recorded.bus.credentials.get("recorder");
  if (credentials === undefined) throw new Error("no recorder credentials");
  const task: RecorderTask = {
    servers: [recorded.bus.nats.url],
    credentials,
    archive: { directory: recorded.directory, every: 300, ...(s3 && { s3 }) },
    signingKey: signing.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    killAt,
  };
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin?.end(JSON.stringify(task));
  return child;
}

/** So that a test need not wait until the bucket forgets a dead recorder's lease. */
export const forgetLease = (recorded: RecordedBus): Promise<unknown> =>
  recorded.setup.nats.request(`$JS.API.STREAM.PURGE.KV_${buckets.leases}`, "{}", {
    timeout: 30_000,
  });

export const isActive = ({ recorder }: Started): boolean => recorder.state()[0]?.active === true;

/**
 * As if the bucket had forgotten a lease that its holder still trusts, for as long as it takes: who holds it renews it
 * every three seconds, and may do so before the other one has begun.
 */
export const bothActive = (recorded: RecordedBus, a: Started, b: Started): Promise<unknown> =>
  waitFor(
    async () => {
      if (isActive(a) && isActive(b)) return true;
      await forgetLease(recorded);
      return isActive(a) && isActive(b);
    },
    { what: "both to be active", every: 200 },
  );
