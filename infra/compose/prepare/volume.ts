import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Who a container's process is: the images' own numbers. */
export const owners = { node: 1000, postgres: 999 } as const;
export type Owner = keyof typeof owners;

/** What a volume holds, by path. */
export type Files = Readonly<Record<string, string>>;

/** INVARIANT (I5): a container's volume holds these files and nothing else, readable by that container's user alone. */
export function fillVolume(directory: string, owner: Owner, files: Files): void {
  ownVolume(directory, owner);
  const wanted = new Set(Object.keys(files));
  const folders = new Set([...wanted].map(dirname).filter((folder) => folder !== "."));
  for (const entry of readdirSync(directory, { recursive: true, encoding: "utf8" }))
    if (!wanted.has(entry) && !folders.has(entry))
      rmSync(join(directory, entry), { recursive: true, force: true });
  for (const folder of folders) {
    mkdirSync(join(directory, folder), { recursive: true });
    ownVolume(join(directory, folder), owner);
  }
  for (const [path, text] of Object.entries(files)) {
    const file = join(directory, path);
    const draft = `${file}.${randomBytes(6).toString("hex")}`;
    writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
    chownSync(draft, owners[owner], owners[owner]);
    renameSync(draft, file);
  }
}

/** A folder that its owner alone may enter; what is in it stays. */
export function ownVolume(directory: string, owner: Owner): void {
  chownSync(directory, owners[owner], owners[owner]);
  chmodSync(directory, 0o700);
}
