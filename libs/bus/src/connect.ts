import {
  connect,
  errors,
  nkeyAuthenticator,
  type Msg,
  type NatsConnection,
  type Subscription,
} from "@nats-io/transport-node";
import { inboxes, randomId } from "@sallyport/contracts";
import type { Credentials } from "./credentials.ts";
import type { Alarms, Log } from "./log.ts";

export interface BusOptions {
  readonly servers: readonly string[];
  readonly credentials: Credentials;
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly log: Log;
  readonly alarms: Alarms;
  /** Milliseconds that a server may take to be there at the start; 30 s by default. */
  readonly patience?: number;
}

export type BusStatus = "connected" | "disconnected";

/**
 * One connection to the bus, of one user, for ever: it reconnects until it is stopped. A frozen server is found by
 * a ping each second, two misses. Inboxes are this process's own below its user's prefixes.
 */
export class Bus {
  readonly credentials: Credentials;
  readonly log: Log;
  readonly alarms: Alarms;
  /** PubAcks and reads of the server come here; nobody may publish to it. */
  readonly gateInbox: string;
  /** Replies of other services come here. */
  readonly replyInbox: string;
  readonly #listeners = new Set<(status: BusStatus) => void>();
  readonly #nats: NatsConnection;
  #connected = true;
  #warned = { message: "", at: 0 };

  private constructor(nats: NatsConnection, options: BusOptions, token: string) {
    this.#nats = nats;
    this.credentials = options.credentials;
    this.log = options.log;
    this.alarms = options.alarms;
    this.gateInbox = `${inboxes.gate(this.user)}.${token}`;
    this.replyInbox = `${inboxes.reply(this.user)}.${token}`;
    void this.#followStatus();
  }

  /** Connects; throws when the key is refused, or when no server is there in time. */
  static async connect(options: BusOptions): Promise<Bus> {
    const token = randomId();
    const { credentials, patience = 30_000 } = options;
    const giveUp = Date.now() + patience;
    for (;;) {
      try {
        const nats = await connect({
          servers: [...options.servers],
          name: options.name,
          authenticator: nkeyAuthenticator(Buffer.from(credentials.seed)),
          inboxPrefix: `${inboxes.gate(credentials.user)}.${token}`,
          pingInterval: 1000,
          maxPingOut: 2,
          timeout: 2000,
          reconnect: true,
          maxReconnectAttempts: -1,
          reconnectTimeWait: 100,
          reconnectJitter: 100,
          ignoreAuthErrorAbort: true,
          ignoreClusterUpdates: true,
          noAsyncTraces: true,
        });
        return new Bus(nats, options, token);
      } catch (cause) {
        if (cause instanceof errors.AuthorizationError && !isLate(cause))
          throw new Error(`the bus refuses the key of \`${credentials.user}\``, { cause });
        if (Date.now() > giveUp)
          throw new Error(`the bus cannot be reached at ${options.servers.join(", ")}`, { cause });
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  get user(): string {
    return this.credentials.user;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** The connection beneath, for reads that this library has no word for. */
  get nats(): NatsConnection {
    return this.#nats;
  }

  /** Version of the server, such as `2.15.1`. */
  get serverVersion(): string {
    return this.#nats.info?.version ?? "unknown";
  }

  /** Where the server sees this connection come from; undefined when it does not say. */
  get clientAddress(): string | undefined {
    return this.#nats.info?.client_ip;
  }

  /** Tells of each change from now on. Returns what ends that. */
  onStatus(listener: (status: BusStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** False, and nothing sent, while disconnected: nats.js would drop it silently. */
  publish(subject: string, data: Uint8Array | string, reply?: string): boolean {
    if (!this.#connected || this.#nats.isClosed()) return false;
    this.#nats.publish(subject, data, reply === undefined ? {} : { reply });
    return true;
  }

  /** The handler never waits; what it throws is logged. A subscription that is not permitted is an alarm. */
  subscribe(subject: string, handler: (message: Msg) => void, queue?: string): Subscription {
    return this.#nats.subscribe(subject, {
      ...(queue !== undefined && { queue }),
      callback: (error, message) => {
        if (error) {
          this.alarms.raise("bus-subscription", "a subscription is refused", { subject });
          return;
        }
        try {
          handler(message);
        } catch (err) {
          this.log.error({ err, subject: message.subject }, "a message could not be handled");
        }
      },
    });
  }

  /** Resolves when the server has taken what was published before. */
  flush(): Promise<void> {
    return this.#nats.flush();
  }

  async stop(): Promise<void> {
    this.#listeners.clear();
    this.#connected = false;
    await this.#nats.close();
  }

  async #followStatus(): Promise<void> {
    for await (const status of this.#nats.status()) {
      switch (status.type) {
        case "disconnect":
        case "staleConnection":
        case "close":
          this.#turn("disconnected");
          break;
        case "reconnect":
          this.#turn("connected");
          break;
        case "error":
          if (status.error instanceof errors.PermissionViolationError)
            this.alarms.raise("bus-permission", "the bus refuses what this user may not do", {
              operation: status.error.operation,
              subject: status.error.subject,
              queue: status.error.queue,
            });
          else this.#warn(status.error);
          break;
        case "slowConsumer":
          this.log.warn({ pending: status.pending }, "a subscription is slow");
          break;
        case "forceReconnect":
        case "ldm":
        case "ping":
        case "reconnecting":
        case "update":
          break;
      }
    }
    this.#turn("disconnected");
  }

  /** The same error each 10 s at most: a refused key is refused at every try. */
  #warn(err: Error): void {
    const now = performance.now();
    if (err.message === this.#warned.message && now - this.#warned.at < 10_000) return;
    this.#warned = { message: err.message, at: now };
    this.log.warn({ err }, "the bus reports an error");
  }

  #turn(status: BusStatus): void {
    const connected = status === "connected";
    if (connected === this.#connected) return;
    this.#connected = connected;
    if (connected) this.log.info({ user: this.user }, "the bus is back");
    else this.log.warn({ user: this.user }, "the bus is lost");
    for (const listener of this.#listeners) listener(status);
  }
}

/** Opens one connection; a worker opens two, one for the gate and one for bulk. */
export const connectBus = (options: BusOptions): Promise<Bus> => Bus.connect(options);

/** Whoever says within two seconds nothing of who it is, being held up, is no stranger to the server yet. */
const isLate = (refusal: Error): boolean => /authentication timeout/i.test(refusal.message);
