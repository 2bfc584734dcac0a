import { createHmac } from "node:crypto";
import { connectBus, serverSubjects, type Bus, type Credentials } from "@sallyport/bus";
import { base32, type SessionId, type StartId } from "@sallyport/contracts";
import type { Alarms, Log } from "@sallyport/runtime";
import { z } from "zod";
import type { Acts } from "./acts.ts";

export interface KeyWitnessOptions {
  readonly servers: readonly string[];
  /** The witness's, which name the keys that it watches. */
  readonly credentials: Credentials;
  readonly acts: Pick<Acts, "record">;
  /** What only authn's processes know, the same for all of them. */
  readonly secret: string;
  readonly log: Log;
  readonly alarms: Alarms;
  /** Connections an answer of a server; it must fit a message. 2000 by default. */
  readonly page?: number;
}

/** One connection, as a server tells of it when it is made, and of all of them when asked. */
interface Connection {
  readonly server: string;
  readonly id: number;
  /** The public key that it showed. */
  readonly key: string;
  readonly start: string;
  readonly host: string;
  /** What it calls itself. */
  readonly name: string;
  readonly library: string;
}

const Server = z.looseObject({ id: z.string() });
const Connected = z.looseObject({
  server: Server,
  client: z.looseObject({
    id: z.number(),
    user: z.string().default(""),
    start: z.string(),
    host: z.string().default(""),
    name: z.string().default(""),
    lang: z.string().default(""),
    ver: z.string().default(""),
  }),
});
const Connections = z.looseObject({
  server: Server,
  data: z.looseObject({
    total: z.number(),
    offset: z.number(),
    limit: z.number(),
    connections: z
      .array(
        z.looseObject({
          cid: z.number(),
          authorized_user: z.string().default(""),
          start: z.string(),
          ip: z.string().default(""),
          name: z.string().default(""),
          lang: z.string().default(""),
          version: z.string().default(""),
        }),
      )
      .default([]),
  }),
});

/** Milliseconds between questions for what was not told, and between attempts to connect. */
const askEvery = 60_000;
const tryAgain = 10_000;
/** The servers remember 10,000 that are over each; so many are remembered here, too. */
const remembered = 40_000;

/**
 * Records each connection that is made with an operator's key or the set-up key, as the servers themselves tell of it:
 * whoever has such a key and uses another program than `sally` leaves this trace all the same. Every process of authn
 * sees the same connections and makes the same events of them, so each is recorded once, however many watch; and what
 * nobody watched is asked for afterwards. INVARIANT: the ids are keyed, so that nobody else can take an event's place.
 */
export class KeyWitness {
  readonly #options: KeyWitnessOptions;
  readonly #users: ReadonlyMap<string, string>;
  readonly #seen = new Set<string>();
  /** What this round has asked for: several servers answer each question. */
  readonly #asked = new Set<string>();
  readonly #ending = new AbortController();
  readonly #asking: NodeJS.Timeout;
  #bus: Bus | undefined;

  constructor(options: KeyWitnessOptions) {
    this.#options = options;
    const { watches = {} } = options.credentials;
    this.#users = new Map(Object.entries(watches).map(([user, key]) => [key, user]));
    this.#asking = setInterval(() => this.#ask(), askEvery).unref();
    void this.#connect();
  }

  get watching(): boolean {
    return this.#bus?.connected ?? false;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    clearInterval(this.#asking);
    await this.#bus?.stop();
  }

  /** A bus whose configuration does not know the witness yet refuses it: authn serves without. */
  async #connect(): Promise<void> {
    const { servers, credentials, log, alarms } = this.#options;
    while (!this.#ending.signal.aborted) {
      try {
        const bus = await connectBus({
          servers,
          credentials,
          name: "authn, as witness",
          log,
          alarms,
        });
        if (this.#ending.signal.aborted) return await bus.stop();
        this.#bus = bus;
        bus.subscribe(serverSubjects.connected, (message) =>
          this.#heard(JSON.parse(message.string())),
        );
        bus.subscribe(`${bus.gateInbox}.connections`, (message) =>
          this.#told(JSON.parse(message.string())),
        );
        bus.onStatus((status) => {
          if (status === "connected") this.#ask();
        });
        this.#ask();
        return;
      } catch (err) {
        log.warn({ err }, "the use of the operator's key is not watched");
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, tryAgain);
          this.#ending.signal.addEventListener("abort", () => {
            clearTimeout(timer);
            resolve(undefined);
          });
        });
      }
    }
  }

  /** For each key. */
  #ask(): void {
    this.#asked.clear();
    for (const key of this.#users.keys()) this.#askFrom(key, 0);
  }

  #askFrom(key: string, offset: number): void {
    const bus = this.#bus;
    if (!bus || this.#asked.has(`${key} ${offset}`)) return;
    this.#asked.add(`${key} ${offset}`);
    // State 2: those that are over, too.
    const question = { auth: true, user: key, state: 2, limit: this.#options.page ?? 2000, offset };
    const reply = `${bus.gateInbox}.connections`;
    bus.publish(serverSubjects.connections, JSON.stringify(question), reply);
  }

  #heard(value: unknown): void {
    const { server, client } = Connected.parse(value);
    this.#record({
      server: server.id,
      id: client.id,
      key: client.user,
      start: client.start,
      host: client.host,
      name: client.name,
      library: `${client.lang} ${client.ver}`,
    });
  }

  #told(value: unknown): void {
    const { server, data } = Connections.parse(value);
    for (const one of data.connections)
      this.#record({
        server: server.id,
        id: one.cid,
        key: one.authorized_user,
        start: one.start,
        host: one.ip,
        name: one.name,
        library: `${one.lang} ${one.version}`,
      });
    const [first] = data.connections;
    if (first && data.offset + data.limit < data.total)
      this.#askFrom(first.authorized_user, data.offset + data.limit);
  }

  #record(connection: Connection): void {
    const { server, id, key, start, host, name, library } = connection;
    const user = this.#users.get(key);
    if (user === undefined) return;
    const identity = `${server} ${id} ${start}`;
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    if (this.#seen.size > remembered) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    const { acts, secret } = this.#options;
    const keyed = (what: string): string =>
      base32(createHmac("sha256", secret).update(`${what} ${identity}`).digest().subarray(0, 16));
    acts.record({
      session: keyed("session") as SessionId,
      start: keyed("start") as StartId,
      number: 1,
      time: Date.parse(start),
      address: host.slice(0, 128),
      client: { service: "authn", key, name: name.slice(0, 256), library: library.slice(0, 128) },
      purpose: "key-used",
      text: `the key of \`${user}\` was used by \`${name.slice(0, 256)}\``,
      by: user,
    });
  }
}
