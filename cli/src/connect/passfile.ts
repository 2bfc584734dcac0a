import { accessSync, constants } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A libpq password file of one line, mode 0600, in a folder of its own, mode 0700. Clients read it anew at each
 * connection, so what is written later reaches those that reconnect.
 */
export class Passfile implements AsyncDisposable {
  readonly path: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, "pgpass");
  }

  static async make(): Promise<Passfile> {
    return new Passfile(await mkdtemp(join(inMemory() ?? tmpdir(), "sally-")));
  }

  /** For any database and user there, and for no other host. */
  async write(host: string, port: number, password: string): Promise<void> {
    const line = [host, String(port), "*", "*", password]
      .map((field) => (field === "*" ? field : field.replaceAll(/[\\:]/g, "\\$&")))
      .join(":");
    const draft = join(this.#directory, "draft");
    await writeFile(draft, `${line}\n`, { mode: 0o600 });
    await rename(draft, this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** The user's own folder that is never written to a disk, where there is one. */
function inMemory(): string | undefined {
  const directory = process.env["XDG_RUNTIME_DIR"];
  if (directory === undefined) return undefined;
  try {
    accessSync(directory, constants.W_OK);
    return directory;
  } catch {
    return undefined;
  }
}
