import type { Msg } from "@nats-io/transport-node";

/**
 * Why a message is an alarm and never an answer, or null. The server does not check reply subjects: who may ask it
 * anything can have its answer sent to any subject. Such an answer carries a header, keeps the subject of what was
 * stored, or wants its acknowledgement on `$JS.`. Nothing of ours has headers.
 */
export function suspicion(message: Msg, subject: string): string | null {
  if (message.headers !== undefined) return "it has headers";
  if (message.subject !== subject) return "it came from another subject";
  if (message.reply?.startsWith("$")) return "its reply goes to the server";
  return null;
}
