import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));
const parent = join(root, ".sallyport");

/** Where one demo keeps all it makes; ignored by git, gone at its end. Several demos have several. */
export class DemoFolder implements Disposable {
  readonly path: string;

  constructor() {
    removeAbandoned();
    this.path = join(parent, `demo-${process.pid}`);
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  /** As a person in the project's folder would type it. */
  get typed(): string {
    return relative(root, this.path);
  }

  file(...names: string[]): string {
    return join(this.path, ...names);
  }

  write(name: string, text: string): string {
    const file = this.file(name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  read(name: string): string {
    return readFileSync(this.file(name), "utf8");
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What a demo left that was killed. */
function removeAbandoned(): void {
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    const pid = Number(/^demo-(\d+)$/.exec(name)?.[1]);
    if (Number.isInteger(pid) && !isRunning(pid))
      rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}
