import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createCredentials, type Credentials } from "../../../libs/bus/src/index.ts";
import { makeKeys, makeSelfSigned, writePrivateFile } from "../../../libs/runtime/src/index.ts";

/** Everything secret of this deployment, made once; only the container that prepares the others mounts it. */
export class Vault {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    for (const folder of ["credentials", "keys", "tls"])
      mkdirSync(join(directory, folder), { recursive: true, mode: 0o700 });
    makeKeys(join(directory, "keys"));
  }

  read(...path: string[]): string {
    return readFileSync(join(this.#directory, ...path), "utf8");
  }

  credentials(workers: readonly string[]): Promise<Credentials[]> {
    return createCredentials(join(this.#directory, "credentials"), { workers });
  }

  /** A random secret, the same at each call. */
  secret(name: string): string {
    const file = join(this.#directory, `${name}.secret`);
    if (!existsSync(file)) writePrivateFile(file, randomBytes(24).toString("base64url"));
    return readFileSync(file, "utf8");
  }

  /** A certificate for these names under this deployment's own authority; 90 days, renewed when a third is left. */
  async certificate(
    names: readonly string[],
  ): Promise<Record<"tls/ca.pem" | "tls/server.pem" | "tls/server.key", string>> {
    const authority = join(this.#directory, "tls");
    await makeSelfSigned(authority, ["localhost"]);
    const own = join(this.#directory, `tls-${names[0]}`);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    for (const file of ["ca.key", "ca.pem"])
      writePrivateFile(join(own, file), readFileSync(join(authority, file), "utf8"));
    const { ca, cert, key } = await makeSelfSigned(own, names);
    return {
      "tls/ca.pem": readFileSync(ca, "utf8"),
      "tls/server.pem": readFileSync(cert, "utf8"),
      "tls/server.key": readFileSync(key, "utf8"),
    };
  }
}
