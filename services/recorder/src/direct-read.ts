import type { Msg } from "@nats-io/transport-node";
import type { Bus } from "@sallyport/bus";
import { randomId } from "@sallyport/contracts";
import type { StoredMessage } from "@sallyport/evidence";

export interface Batch {
  readonly messages: readonly StoredMessage[];
  /** What lies beyond the batch. */
  readonly pending: number;
}

/** The batch was cut off, or nothing came for a second: it counts for nothing and is read again. */
export class BatchLost extends Error {}

const maxBytes = 4 * 1024 ** 2;
const maxMessages = 10_000;
const silence = 1000;

/** What the server adds to a message that it is asked for; each once, after the headers that were stored. */
const own = new Set([
  "Nats-Stream",
  "Nats-Subject",
  "Nats-Sequence",
  "Nats-Time-Stamp",
  "Nats-Num-Pending",
  "Nats-Last-Sequence",
]);

/**
 * One batch of a stream from sequence `from` on, by the Direct Get API into an inbox of our own. A message counts
 * only if it says that it follows the one read before. Any replica may answer, one that is behind too.
 * @throws {BatchLost}
 */
export function readBatch(bus: Bus, stream: string, from: number): Promise<Batch> {
  return new Promise((resolve, reject) => {
    const inbox = `${bus.gateInbox}.${randomId()}`;
    const messages: StoredMessage[] = [];
    const end = (): void => {
      clearTimeout(timer);
      forget();
      subscription.unsubscribe();
    };
    const lose = (why: string): void => {
      end();
      reject(new BatchLost(`${stream} from ${from}: ${why}`));
    };
    const timer = setTimeout(() => lose(`silent for ${silence} ms`), silence);
    const forget = bus.onStatus(() => lose("the connection was lost"));
    const subscription = bus.subscribe(inbox, (message) => {
      timer.refresh();
      const last = messages.at(-1)?.seq ?? 0;
      if (!message.headers?.has("Nats-Sequence")) {
        const code = message.headers?.code;
        if (code === 404 && messages.length === 0) {
          end();
          resolve({ messages, pending: 0 });
        } else if (code !== 204) lose(`the server answers ${code ?? "without headers"}`);
        else if (number(message, "Nats-Last-Sequence") !== last)
          lose("messages before its end are missing");
        else {
          end();
          resolve({ messages, pending: number(message, "Nats-Num-Pending") });
        }
        return;
      }
      if (text(message, "Nats-Stream") !== stream) lose("a message of another stream");
      else if (number(message, "Nats-Last-Sequence") !== last)
        lose(`a message after ${last} is missing`);
      else messages.push(stored(message));
    });
    const request = { seq: from, batch: maxMessages, max_bytes: maxBytes };
    if (!bus.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(request), inbox))
      lose("the connection was lost");
  });
}

function stored(message: Msg): StoredMessage {
  return {
    seq: number(message, "Nats-Sequence"),
    subject: text(message, "Nats-Subject"),
    time: text(message, "Nats-Time-Stamp"),
    headers: clientHeaders(message),
    data: Buffer.from(message.data.buffer, message.data.byteOffset, message.data.byteLength),
  };
}

/** What a client stored with its message. A name that is the server's too has the client's values first. */
function clientHeaders(message: Msg): Buffer | null {
  const lines: string[] = [];
  for (const name of message.headers?.keys() ?? []) {
    const values = message.headers?.values(name) ?? [];
    for (const value of own.has(name) ? values.slice(0, -1) : values)
      lines.push(`${name}: ${value}\r\n`);
  }
  return lines.length === 0 ? null : Buffer.from(`NATS/1.0\r\n${lines.join("")}\r\n`);
}

/** The server's value is the last one. */
const text = (message: Msg, name: string): string => message.headers?.values(name).at(-1) ?? "";
const number = (message: Msg, name: string): number => Number(text(message, name) || Number.NaN);
