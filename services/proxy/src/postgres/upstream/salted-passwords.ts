import { createHash, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";

const stretch = promisify(pbkdf2);
const mostKept = 64;

/** By password, salt and iterations, of which a target has one for each role. */
const kept = new Map<string, Promise<Buffer>>();

/**
 * SaltedPassword (RFC 5802 section 3, `Hi` with SHA-256), 32 bytes. It takes a millisecond or more, and the same
 * password, salt and iterations come at each log-in to a target: what was made is kept, as the RFC permits.
 */
export function saltedPassword(
  password: string,
  salt: Buffer,
  iterations: number,
): Promise<Buffer> {
  const hash = createHash("sha256").update(`${iterations} ${salt.toString("base64")} `);
  const key = hash.update(password).digest("base64");
  const known = kept.get(key);
  if (known) return known;
  const made = stretch(password, salt, iterations, 32, "sha256");
  kept.set(key, made);
  for (const oldest of kept.keys()) {
    if (kept.size <= mostKept) break;
    kept.delete(oldest);
  }
  made.catch(() => kept.delete(key));
  return made;
}
