import { once } from "node:events";
import {
  createServer as createPlain,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createSecure } from "node:https";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { WebhookMessage } from "@sallyport/contracts";
import type { Certificate } from "@sallyport/testkit";

export interface Received {
  readonly path: string;
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly at: number;
}

/** Answers a message; the status, or what writes the answer itself. */
export type Reaction = number | ((response: ServerResponse) => void);

/** A webhook's receiver: a real HTTP server that keeps what it hears, checked by another implementation than ours. */
export class WebhookReceiver implements AsyncDisposable {
  readonly heard: Received[] = [];
  /** What the next messages are answered, in order; then 204. */
  readonly reactions: Reaction[] = [];
  readonly #server: Server;
  #port = 0;

  private constructor(tls: Certificate | undefined) {
    const react = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#hear(request, response);
    };
    this.#server = tls
      ? createSecure({ cert: tls.certificate, key: tls.key }, react)
      : createPlain(react);
  }

  static async start(tls?: Certificate): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver(tls);
    await receiver.open();
    return receiver;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens (again), on the port it had. */
  async open(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    if (typeof address === "object" && address) this.#port = address.port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** What it heard of a hold, in order. */
  of(hold: string): Received[] {
    return this.heard.filter(({ id }) => id.includes(hold));
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers, url = "" } = request;
    const body = await text(request);
    this.heard.push({
      path: url,
      id: String(headers["webhook-id"]),
      headers,
      body,
      at: Date.now(),
    });
    const reaction = this.reactions.shift() ?? 204;
    if (typeof reaction === "function") reaction(response);
    else response.writeHead(reaction).end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The message, when `standardwebhooks` finds that this secret signed it; throws when not. */
export function verified({ body, headers }: Received, secret: string): WebhookMessage {
  const fields = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, String(value)]),
  );
  return WebhookMessage.parse(new Webhook(secret).verify(body, fields));
}
