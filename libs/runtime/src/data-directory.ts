import { randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";

/** Where everything lies that `sally up` makes. */
export interface DataDirectory {
  readonly path: string;
  /** nats-server's config and store. */
  readonly nats: string;
  /** One file a user of the bus. */
  readonly credentials: string;
  readonly keys: string;
  /** The self-signed authority and the listener's certificate. */
  readonly tls: string;
  /** What runs, so that the CLI finds it. */
  readonly cluster: string;
}

export function dataDirectory(path: string): DataDirectory {
  const root = resolve(path);
  return {
    path: root,
    nats: join(root, "nats"),
    credentials: join(root, "credentials"),
    keys: join(root, "keys"),
    tls: join(root, "tls"),
    cluster: join(root, "cluster.json"),
  };
}

/** Makes the folders, mode 0700; refuses ones that others may enter. */
export function makeDataDirectory(path: string): DataDirectory {
  const directory = dataDirectory(path);
  makePrivateDirectory(directory.path);
  for (const folder of [directory.nats, directory.credentials, directory.keys, directory.tls])
    makePrivateDirectory(folder);
  return directory;
}

function makePrivateDirectory(path: string): void {
  if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(path, 0o700);
  requirePrivate(path, 0o700);
}

/** Reads a file that only its owner may read; refuses looser modes. */
export function readPrivateFile(path: string): string {
  requirePrivate(path, 0o600);
  return readFileSync(path, "utf8");
}

/** Writes mode 0600, whole or not at all: readers never see half of it, neither after a full disk or a power failure. */
export function writePrivateFile(path: string, text: string): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: "wx", flush: true });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function requirePrivate(path: string, mode: number): void {
  const actual = statSync(path).mode & 0o777;
  if ((actual & 0o077) !== 0)
    throw new Error(
      `\`${path}\` is open to others (mode ${actual.toString(8)}): run \`chmod ${mode.toString(8)} ${path}\``,
    );
}
