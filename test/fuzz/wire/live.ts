import { readdirSync, readFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { eachFrame, FrameReader, parseBackend, toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import { Seeded } from "../../chaos/seeded.ts";
import type { Cluster } from "../../journey/cluster.ts";
import { conversations, messagesOf } from "./conversations.ts";
import type { Found } from "./frames.ts";
import { changed, changedStream, pieces, randomBytes } from "./mutations.ts";
import { Reach } from "./reach.ts";

/** Where in its log-in a client goes wrong. */
const stages = ["at once", "within TLS", "for a password"] as const;
type Stage = (typeof stages)[number];

/** A statement that stands behind every conversation: a target that logs it was reached past the log-in. */
export const passedOn = "SELECT 'passed-on'";

/** Sends mutated conversations to a gateway before log-in, `together` at a time. */
export async function fuzzLogIns(
  cluster: Cluster,
  seed: number,
  milliseconds: number,
): Promise<{ reach: Reach; found: Found[] }> {
  const until = performance.now() + milliseconds;
  const reach = new Reach();
  const found: Found[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    while (performance.now() < until && found.length < 10) {
      const own = seed + next++;
      const seeded = new Seeded(own);
      const stage = seeded.of(stages);
      const bytes = said(stage, seeded, reach);
      const problem = await attempt(cluster, stage, pieces(bytes, seeded), reach).catch(
        (cause: unknown) => String(cause),
      );
      reach.count("clients", stage);
      reach.bytes += bytes.length;
      if (problem !== null) found.push({ seed: own, problem, bytes: bytes.toString("hex") });
    }
  };
  await Promise.all(Array.from({ length: 12 }, one));
  return { reach, found };
}

const messages = conversations.flatMap(({ frontend }) => messagesOf(frontend));

function said(stage: Stage, seeded: Seeded, reach: Reach): Buffer {
  const rest = changedStream(messages, seeded);
  for (const one of rest.by) reach.count("mutations", one);
  const behind = toTarget.query(passedOn);
  if (stage === "for a password") return Buffer.concat([rest.bytes, behind]);
  const startup = toTarget.startupMessage([
    ["user", "ci-runner"],
    ["database", "shop"],
  ]);
  let first: Buffer = seeded.of([startup, ...conversations.map((each) => each.startup)]);
  for (let times = Math.floor(seeded.between(0, 3)); times > 0; times--) {
    const { bytes, by } = changed(first, seeded);
    first = bytes;
    reach.count("mutations", by);
  }
  const before = seeded.of([
    Buffer.alloc(0),
    toTarget.sslRequest,
    toTarget.cancelRequest(1, Buffer.from("none")),
    randomBytes(seeded, 9),
  ]);
  const parts = seeded.next() < 0.3 ? [before, first] : [first];
  return Buffer.concat([...parts, rest.bytes, behind]);
}

/** Null, or what should not have happened. */
async function attempt(
  cluster: Cluster,
  stage: Stage,
  chunks: readonly Buffer[],
  reach: Reach,
): Promise<string | null> {
  const socket = await dial(cluster, stage);
  if (socket === null) {
    reach.count("answers", "closed before that");
    return null;
  }
  let heard = Buffer.alloc(0);
  let closed = false;
  socket
    .on("data", (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
    })
    .on("error", () => undefined)
    .on("close", () => {
      closed = true;
    });
  for (const chunk of chunks) socket.write(chunk);
  socket.end();
  try {
    await waitFor(() => closed, { what: "the end of a connection", timeout: 40_000 });
  } finally {
    socket.destroy();
  }
  const answers = read(heard, stage);
  if (answers === null) return `heard ${heard.toString("hex").slice(0, 400)}`;
  reach.count("answers", answers.length === 0 ? "closed" : answers.join(", "));
  return null;
}

/** Null: the gateway closed the connection before that stage. */
async function dial(cluster: Cluster, stage: Stage): Promise<Socket | null> {
  const { host, port } = cluster.up.address("postgres");
  const socket = connectTcp({ host, port, noDelay: true });
  if (!(await happens(socket, "connect"))) return null;
  if (stage === "at once") return socket;
  socket.write(toTarget.sslRequest);
  if (!(await happens(socket, "data"))) return null;
  const tls = connectTls({ socket, rejectUnauthorized: false });
  if (!(await happens(tls, "secureConnect"))) return null;
  if (stage === "within TLS") return tls;
  tls.write(
    toTarget.startupMessage([
      ["user", "ci-runner"],
      ["database", "shop"],
    ]),
  );
  return (await happens(tls, "data")) ? tls : null;
}

/** Whether the event comes before the end of the connection. */
function happens(socket: Socket, event: "connect" | "data" | "secureConnect"): Promise<boolean> {
  return new Promise((resolve) => {
    socket
      .on("error", () => undefined)
      .once(event, () => resolve(true))
      .once("close", () => resolve(false));
  });
}

/** The kinds of answers, all of which may come before a log-in; null when others came. */
function read(heard: Buffer, stage: Stage): string[] | null {
  const found: string[] = [];
  let bytes = heard;
  while (bytes[0] === 0x53 || bytes[0] === 0x4e) {
    const agrees = bytes[0] === 0x53;
    found.push(agrees ? "yes to TLS" : "no to GSS");
    bytes = bytes.subarray(1);
  }
  // An alert of TLS to who did not speak it.
  if (stage === "at once" && bytes[0] === 0x15 && bytes.length < 64) return [...found, "TLS alert"];
  const reader = new FrameReader({ from: "backend", maxBuffered: 1 << 20 });
  reader.push(bytes);
  for (let item = reader.next(); item !== undefined; item = reader.next())
    for (const frame of eachFrame(item.bytes)) {
      const message = parseBackend(frame);
      if (message.kind === "error")
        found.push(`${message.fields.severity} ${message.fields.sqlstate}`);
      else if (message.kind === "authentication" && message.method !== "ok")
        found.push(`asks for ${message.method}`);
      else if (message.kind === "negotiate-protocol-version") found.push(message.kind);
      else return null;
    }
  return reader.pending === 0 ? found : null;
}

/** What the worker holds: resident memory in MB, open files. */
export function held(pid: number): { memory: number; files: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    memory: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024,
    files: readdirSync(`/proc/${pid}/fd`).length,
  };
}
