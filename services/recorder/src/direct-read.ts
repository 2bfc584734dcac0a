import type { Bus } from "@sallyport/bus";
import { randomId } from "@sallyport/contracts";
import type { StoredMessage } from "@sallyport/evidence";
import { directMessage } from "./direct-message.ts";

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
      const read = directMessage(message);
      if (read !== null) {
        if (read.stream !== stream) lose("a message of another stream");
        else if (read.follows !== last) lose(`a message after ${last} is missing`);
        else messages.push(read.message);
        return;
      }
      const { headers } = message;
      const code = headers?.code;
      if (code === 404 && messages.length === 0) {
        end();
        resolve({ messages, pending: 0 });
      } else if (code !== 204) lose(`the server answers ${code ?? "without headers"}`);
      else if (Number(headers?.get("Nats-Last-Sequence") || Number.NaN) !== last)
        lose("messages before its end are missing");
      else {
        end();
        resolve({ messages, pending: Number(headers?.get("Nats-Num-Pending") || Number.NaN) });
      }
    });
    const request = { seq: from, batch: maxMessages, max_bytes: maxBytes };
    if (!bus.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(request), inbox))
      lose("the connection was lost");
  });
}
