import { createServer, type IncomingMessage } from "node:http";
import { parseArgs } from "node:util";
import { callBack, type Approver } from "./answer.ts";
import { textOf, type Message } from "./hold.ts";
import { isSigned } from "./verify.ts";

const usage = `usage: HOOK_SECRET=whsec_… node examples/webhook/src/receiver.ts [--port 8080]
  Prints each hold that Sallyport tells of. HOOK_SECRET may hold several secrets, spaces between them.
  --approval URL --answer approve|deny   answers each as the person whose token SALLY_TOKEN is`;

const largest = 1024 * 1024;
/** Ids of messages that were dealt with: the same one may come twice. */
const seen = new Set<string>();
const remembered = 10_000;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8080" },
    approval: { type: "string" },
    answer: { type: "string" },
  },
});
const secrets = (process.env["HOOK_SECRET"] ?? "").split(/\s+/).filter(Boolean);
const approver = readApprover();
if (secrets.length === 0 || approver === undefined) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}

/** Undefined: wrong usage; null: a person answers. */
function readApprover(): Approver | null | undefined {
  const { approval, answer } = values;
  const token = process.env["SALLY_TOKEN"];
  if (approval === undefined && answer === undefined) return null;
  if (approval === undefined || token === undefined) return undefined;
  return answer === "approve" || answer === "deny" ? { approval, token, answer } : undefined;
}

/** Null when it is larger than any message. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largest) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The status of the answer: 2xx means that the message need not come again. */
async function take(request: IncomingMessage): Promise<number> {
  if (request.method !== "POST") return 405;
  const body = await bodyOf(request);
  if (!body) return 413;
  if (!isSigned(request.headers, body, { secrets, now: Date.now() })) return 401;
  const id = String(request.headers["webhook-id"]);
  if (seen.has(id)) return 204;
  const message = JSON.parse(body.toString("utf8")) as Message;
  const { hold } = message.data;
  if (!/^[a-z2-7]{26}$/.test(hold)) return 400;
  process.stdout.write(`${textOf(message)}\n`);
  if (approver && message.type === "hold.opened") {
    const outcome = await callBack(hold, approver);
    if (outcome === null) return 503;
    process.stdout.write(`  answered ${approver.answer}: ${outcome}\n`);
  }
  seen.add(id);
  for (const oldest of seen) {
    if (seen.size <= remembered) break;
    seen.delete(oldest);
  }
  return 204;
}

const server = createServer((request, response) => {
  take(request).then(
    (status) => response.writeHead(status).end(),
    () => response.writeHead(400).end(),
  );
});
server.listen(Number(values.port), "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : values.port;
  process.stdout.write(`listening on http://127.0.0.1:${port}/\n`);
});
