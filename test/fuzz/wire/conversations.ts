import { readFileSync, readdirSync } from "node:fs";

/** What real clients and a real PostgreSQL said to each other (test/peer/wire-bytes.peer.test.ts keeps it). */
export interface Conversation {
  readonly startup: Buffer;
  readonly frontend: Buffer;
  readonly backend: Buffer;
}

const directory = new URL("../../../libs/pgwire/src/fixtures/", import.meta.url);

export const conversations: readonly Conversation[] = readdirSync(directory).map((name) => {
  const { bytes } = JSON.parse(readFileSync(new URL(name, directory), "utf8")) as {
    bytes: Record<keyof Conversation, string>;
  };
  return {
    startup: Buffer.from(bytes.startup, "base64"),
    frontend: Buffer.from(bytes.frontend, "base64"),
    backend: Buffer.from(bytes.backend, "base64"),
  };
});

/** The messages of a whole conversation. */
export function messagesOf(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    found.push(bytes.subarray(at, end));
    at = end;
  }
  return found;
}
