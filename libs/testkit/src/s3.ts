import { randomBytes } from "node:crypto";
import { globSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { freePort } from "./free-port.ts";
import { LeashedProcess } from "./leash.ts";
import { LeashedServer } from "./leashed-server.ts";
import { seaweedBinary } from "./tools.ts";
import { waitFor } from "./wait-for.ts";

export interface S3Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Each role's rights on every bucket. */
const roles = {
  admin: ["Admin"],
  writer: ["Read", "Write", "List", "GetBucketObjectLockConfiguration", "PutObjectRetention"],
  reader: ["Read", "List", "GetBucketObjectLockConfiguration"],
} as const;

const makeKey = (): S3Key => ({
  accessKeyId: `AK${randomBytes(9).toString("hex").toUpperCase()}`,
  secretAccessKey: randomBytes(20).toString("hex"),
});

/** The ports that SeaweedFS opens besides that of S3. */
const otherPorts = [
  "master.port",
  "master.port.grpc",
  "volume.port",
  "volume.port.grpc",
  "filer.port",
  "filer.port.grpc",
  "s3.port.grpc",
  "admin.port",
  "admin.port.grpc",
];

/** A real S3 server (SeaweedFS) on a free loopback port. */
export class S3Server extends LeashedServer {
  readonly port: number;
  readonly endpoint: string;
  readonly keys: Readonly<Record<keyof typeof roles, S3Key>>;
  /** For what it takes to set a test up, with all rights. */
  readonly client: S3Client;
  readonly #directory: string;
  readonly #ports: readonly number[];
  #buckets = 0;

  private constructor(directory: string, ports: readonly number[]) {
    const logFile = join(directory, "s3.log");
    super({
      name: "the S3 server",
      launch: () =>
        LeashedProcess.start(seaweedBinary(), seaweedArguments(directory, ports), {
          directory,
          temporary: true,
          log: logFile,
          signal: "KILL",
        }),
      // Ready when a bucket can be made in it: it answers before its parts know each other.
      ready: async (running) => {
        await waitFor(async () => !running.running || (await this.bucket()), {
          what: "the S3 server to serve",
          timeout: 90_000,
          every: 100,
        });
      },
      logFile,
      temporary: directory,
    });
    const [port = 0] = ports;
    this.port = port;
    this.endpoint = `http://127.0.0.1:${port}`;
    this.#directory = directory;
    this.#ports = ports;
    this.keys = { admin: makeKey(), writer: makeKey(), reader: makeKey() };
    this.client = new S3Client({
      endpoint: this.endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: this.keys.admin,
    });
  }

  static async create(): Promise<S3Server> {
    const directory = await mkdtemp(join(tmpdir(), "sallyport-s3-"));
    for (let attempt = 1; ; attempt++) {
      const ports = await Promise.all(Array.from({ length: 10 }, () => freePort()));
      const server = new S3Server(directory, ports);
      try {
        await server.#configure();
        await server.start();
        return server;
      } catch (cause) {
        await server.kill();
        if (attempt < 3) continue;
        await rm(directory, { recursive: true, force: true });
        throw cause;
      }
    }
  }

  /** What the SDK's chain takes from the environment. */
  env(role: keyof typeof roles = "writer"): Record<string, string> {
    const { accessKeyId, secretAccessKey } = this.keys[role];
    return {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_EC2_METADATA_DISABLED: "true",
    };
  }

  /** A new bucket's name. With `lock`, one whose objects can be locked; no default retention. */
  async bucket(options: { lock?: boolean } = {}): Promise<string> {
    const name = `evidence-${++this.#buckets}-${randomBytes(3).toString("hex")}`;
    await this.client.send(
      new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: options.lock === true }),
    );
    return name;
  }

  override async stop(): Promise<void> {
    this.client.destroy();
    await super.stop("SIGKILL");
    // SeaweedFS makes these there whatever it is told.
    const sockets = this.#ports.map((port) => `/tmp/seaweedfs-*-grpc-${port}.sock`);
    for (const socket of globSync(sockets)) await rm(socket, { force: true });
  }

  async #configure(): Promise<void> {
    await mkdir(join(this.#directory, "data"), { recursive: true });
    const identities = Object.entries(roles).map(([name, actions]) => {
      const { accessKeyId: accessKey, secretAccessKey: secretKey } =
        this.keys[name as keyof typeof roles];
      return { name, credentials: [{ accessKey, secretKey }], actions };
    });
    await writeFile(join(this.#directory, "s3.json"), JSON.stringify({ identities }), {
      mode: 0o600,
    });
  }
}

function seaweedArguments(directory: string, [s3, ...others]: readonly number[]): string[] {
  return [
    "mini",
    `-dir=${join(directory, "data")}`,
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    `-s3.port=${s3}`,
    `-s3.config=${join(directory, "s3.json")}`,
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-s3.autoCreateBucket=false",
    "-admin.ui=false",
    "-webdav=false",
    `-s3.localSocket=${join(directory, "s3.sock")}`,
    `-filer.localSocket=${join(directory, "filer.sock")}`,
    "-master.telemetry=false",
    ...otherPorts.map((name, index) => `-${name}=${others[index]}`),
  ];
}

/** Whether this machine has, or can get, the S3 server. Tests that need it are skipped by name without. */
export function hasS3(): boolean {
  try {
    seaweedBinary();
    return true;
  } catch {
    return false;
  }
}

export function startS3(): Promise<S3Server> {
  return S3Server.create();
}
