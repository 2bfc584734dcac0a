import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { connectBus, type Credentials } from "@sallyport/bus";
import type { Config } from "@sallyport/contracts";
import { openArchive, type ArchiveStore, type ByteRange } from "@sallyport/evidence";
import { startRecorder } from "@sallyport/recorder";
import { Alarms, openLog } from "@sallyport/runtime";

/** A recorder in a process of its own, which kills itself with SIGKILL at the point that it is told. */
export interface RecorderTask {
  readonly servers: readonly string[];
  readonly credentials: Credentials;
  readonly archive: Config["archive"];
  readonly signingKey: string;
  readonly killAt: KillPoint | null;
}
export type KillPoint =
  | "before-objects"
  | "between-objects"
  | "before-manifest"
  | "after-manifest"
  | "after-purge";

/** The store, and the end of this process at one of its calls. */
class KillingStore implements ArchiveStore {
  readonly #store: ArchiveStore;
  readonly #killAt: KillPoint | null;
  #manifests = 0;

  constructor(store: ArchiveStore, killAt: KillPoint | null) {
    this.#store = store;
    this.#killAt = killAt;
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<"created" | "exists"> {
    const manifest = key.startsWith("manifests/");
    // By the second segment, the first one is committed and purged.
    if (manifest && this.#manifests === 0) this.#at("before-manifest");
    if (!manifest) this.#at("before-objects");
    if (this.#manifests === 1) this.#at("after-purge");
    const answer = await this.#store.putIfAbsent(key, bytes);
    if (manifest) this.#manifests += 1;
    this.#at(manifest ? "after-manifest" : "between-objects");
    return answer;
  }

  get(key: string, range?: ByteRange): Promise<Buffer | null> {
    return this.#store.get(key, range);
  }

  head(key: string): Promise<{ readonly bytes: number } | null> {
    return this.#store.head(key);
  }

  list(prefix: string, after?: string): AsyncIterable<string> {
    return this.#store.list(prefix, after);
  }

  #at(point: KillPoint): void {
    if (point === this.#killAt) process.kill(process.pid, "SIGKILL");
  }
}

const task = JSON.parse(readFileSync(0, "utf8")) as RecorderTask;
const log = openLog("recorder", "error");
log.level = "silent";
const alarms = new Alarms(log);
const archive = await openArchive({ config: task, resolve: (path) => path });
await startRecorder({
  bus: await connectBus({
    servers: task.servers,
    credentials: task.credentials,
    name: "recorder",
    log,
    alarms,
  }),
  store: new KillingStore(archive, task.killAt),
  signingKey: createPrivateKey(task.signingKey),
  every: 300,
  http: { address: { host: "127.0.0.1", port: 0 } },
  log,
  alarms,
});
