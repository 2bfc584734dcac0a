/** The version of every message that is written here, and the only one that is read. */
const version = 1;

/**
 * Why a message is not read that says it is of another version; null when it says ours, or nothing. By it a service
 * that was upgraded too late names what it lacks, instead of calling its neighbour's messages unreadable.
 */
export function otherVersion(message: unknown): string | null {
  if (typeof message !== "object" || message === null || !("v" in message)) return null;
  const { v } = message;
  if (v === version || typeof v !== "number" || !Number.isSafeInteger(v)) return null;
  const type = "type" in message && typeof message.type === "string" ? message.type : "message";
  return `\`${type.slice(0, 40)}\` of version ${v}, and this process reads version ${version}`;
}
