import { execFile } from "node:child_process";
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { providedPostgres, toolsDirectory } from "./tools.ts";

const run = promisify(execFile);

/** PostgreSQL refuses to run as root; then it runs as `nobody`. */
export const serverUser: { uid: number; gid: number } | undefined =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;

/** PostgreSQL's programs of a major version, where the server's user can reach them. */
export async function reachableBinaries(major: number): Promise<string> {
  const { directory, version } = providedPostgres(major);
  if (!serverUser || (await othersCanEnter(directory))) return directory;
  const copy = join(tmpdir(), `sallyport-postgres-${version}`);
  const there = await lstat(copy).catch(() => undefined);
  if (there?.isDirectory() && there.uid === 0) return copy;
  return await appear(copy, async (draft) => {
    await cp(directory, draft, { recursive: true, verbatimSymlinks: true });
    await chmod(draft, 0o755);
  });
}

/** Fills `directory` with a fresh cluster: superuser `postgres`, UTF-8, locale C, owned by us. Takes a second once, then 50 ms. */
export async function makeCluster(major: number, directory: string): Promise<void> {
  const template = join(
    toolsDirectory,
    "cache",
    `postgres-${providedPostgres(major).version}-cluster`,
  );
  const there = await stat(template).catch(() => undefined);
  if (!there) {
    await mkdir(dirname(template), { recursive: true });
    await appear(template, (draft) => initialise(major, draft));
  }
  await cp(template, directory, { recursive: true });
}

async function initialise(major: number, draft: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "sallyport-initdb-"));
  try {
    await give(scratch);
    const data = join(scratch, "data");
    const args = [
      "-D",
      data,
      "-U",
      "postgres",
      "-A",
      "trust",
      "-E",
      "UTF8",
      "--locale=C",
      "--no-sync",
    ];
    await run(join(await reachableBinaries(major), "bin", "initdb"), args, {
      ...serverUser,
      cwd: scratch,
    });
    await cp(data, draft, { recursive: true });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Makes a folder beside `path` and renames it there, so that nobody sees half of it and several may race. */
async function appear(path: string, fill: (draft: string) => Promise<void>): Promise<string> {
  const draft = await mkdtemp(`${path}-`);
  await fill(draft);
  await rename(draft, path).catch(async (cause: NodeJS.ErrnoException) => {
    await rm(draft, { recursive: true, force: true });
    if (cause.code !== "ENOTEMPTY" && cause.code !== "EEXIST") throw cause;
  });
  return path;
}

async function othersCanEnter(directory: string): Promise<boolean> {
  for (let at = directory; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** Makes the server's user the owner of all below `path`. */
export async function give(path: string): Promise<void> {
  if (!serverUser) return;
  await chown(path, serverUser.uid, serverUser.gid);
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    await chown(join(entry.parentPath, entry.name), serverUser.uid, serverUser.gid);
  }
}
