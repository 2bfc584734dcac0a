import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import {
  eachFrame,
  FrameReader,
  Frontend,
  parseBackend,
  parseDataRow,
  toTarget,
  type BackendMessage,
  type MessageFields,
} from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { unlessBeatIsLate } from "./late-beat.ts";

export interface RawOptions {
  readonly host: string;
  readonly port: number;
  /** File of the CA; without one, plain text. */
  readonly ca: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly password: string;
  /** Minor version of protocol 3. */
  readonly minor?: number;
}

/** What the gateway, or a server, said: `row a|b`, `complete SELECT 1`, `error 42501`, `ready I`, else the kind. */
export type Said = string;

/** A client that says exactly what a test tells it to, and forgets nothing of what it hears. */
export class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  readonly #reader = new FrameReader({ from: "backend", maxBuffered: 64 * 1024 * 1024 });
  /** Every message in order; `take` moves on. */
  readonly heard: BackendMessage[] = [];
  #taken = 0;
  #ended = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket
      .on("data", (chunk: Buffer) => {
        this.#reader.push(chunk);
        for (let frames = this.#reader.next(); frames; frames = this.#reader.next()) {
          if (frames.kind === "part") throw new Error("a message that is too large for a test");
          for (const frame of eachFrame(frames.bytes)) this.heard.push(parseBackend(frame));
        }
      })
      .on("error", () => undefined)
      .on("close", () => (this.#ended = true));
  }

  /** Up to the request for a password: nothing but the start-up message was sent. */
  static async start(options: Omit<RawOptions, "password">): Promise<RawClient> {
    const client = new RawClient(await dial(options));
    const { parameters, minor = 0 } = options;
    client.send(toTarget.startupMessage(Object.entries(parameters), minor));
    return client;
  }

  /** Logged in: the first ReadyForQuery is taken. */
  static open(options: RawOptions): Promise<RawClient> {
    return unlessBeatIsLate(() => RawClient.#logIn(options));
  }

  static async #logIn(options: RawOptions): Promise<RawClient> {
    const client = await RawClient.start(options);
    client.send(toTarget.passwordMessage(options.password));
    const said = await client.ready();
    if (said.at(-1) !== "ready I") {
      const error = client.heard.findLast(({ kind }) => kind === "error") && client.error;
      throw new Error(`the log-in ended with ${said.join()}: ${error?.message ?? "no error"}`);
    }
    return client;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get keyData(): { readonly pid: number; readonly key: Buffer } {
    const found = this.heard.find((message) => message.kind === "backend-key-data");
    if (!found) throw new Error("no key for cancelling came");
    return found;
  }

  /** In one packet. */
  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** Waits for so many ReadyForQuery, or the end of the connection; gives what came since the last call. */
  ready(count = 1): Promise<Said[]> {
    return this.until((said) => said.filter((one) => one.startsWith("ready")).length >= count);
  }

  /** Waits until what came since the last call is enough, or the connection ends. */
  async until(enough: (said: readonly Said[]) => boolean, timeout = 60_000): Promise<Said[]> {
    const said = await waitFor(
      () => {
        const all = this.heard.slice(this.#taken).map(say);
        return enough(all) || this.#ended ? all : undefined;
      },
      { what: "the answers", timeout },
    ).catch((cause: unknown) => {
      const so = this.heard.slice(this.#taken).map(say).join("\n");
      throw new Error(`so far only:\n${so}`, { cause });
    });
    this.#taken += said.length;
    return this.#ended ? [...said, "end"] : said;
  }

  /** Sends and waits for the answers of each Sync and Query in it. */
  async ask(...frames: readonly Buffer[]): Promise<Said[]> {
    const all = [...eachFrame(Buffer.concat(frames))];
    const ends = all.filter(([type]) => type === Frontend.Sync || type === Frontend.Query);
    this.send(...frames);
    return this.ready(ends.length);
  }

  /** All that is heard for this: COPY data first, byte for byte, and then what else is said. */
  async heardFor(...frames: readonly Buffer[]): Promise<string[]> {
    const from = this.heard.length;
    const said = await this.ask(...frames);
    const data = this.heard
      .slice(from)
      .flatMap((message) =>
        message.kind === "copy-data" ? [message.frame.toString("latin1")] : [],
      );
    return [...data, ...said.filter((one) => !one.startsWith("data"))];
  }

  query(text: string): Promise<Said[]> {
    return this.ask(toTarget.query(text));
  }

  /** The fields of the last error that came. */
  get error(): MessageFields {
    const found = this.heard.findLast((message) => message.kind === "error");
    if (!found) throw new Error("no error came");
    return found.fields;
  }

  /** The fields of the last notice that came. */
  get notice(): MessageFields | undefined {
    const found = this.heard.findLast((message) => message.kind === "notice");
    return found?.kind === "notice" ? found.fields : undefined;
  }

  /** On a connection of its own that the server closes, as libpq does. */
  static async cancel(
    options: Pick<RawOptions, "host" | "port" | "ca">,
    pid: number,
    key: Buffer,
  ): Promise<void> {
    const socket = await dial(options);
    socket.on("error", () => undefined).resume();
    socket.write(toTarget.cancelRequest(pid, key));
    await once(socket, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.socket.end(toTarget.terminate);
    this.socket.resume();
    await once(this.socket, "close");
  }
}

/** Parse, Bind and Execute of the unnamed statement, with a Describe as drivers send it. */
export function extended(
  text: string,
  parameters: readonly (string | null)[] = [],
  options: { describe?: boolean; formats?: readonly (0 | 1)[] } = {},
): Buffer {
  return Buffer.concat([
    toTarget.parse("", text),
    toTarget.bind({
      parameters: parameters.map((one) => (one === null ? null : Buffer.from(one))),
      ...(options.formats && { resultFormats: options.formats }),
    }),
    ...(options.describe === true ? [toTarget.describe("portal", "")] : []),
    toTarget.execute(),
  ]);
}

function say(message: BackendMessage): Said {
  switch (message.kind) {
    case "data-row":
      return `row ${parseDataRow(message.frame)
        .map((value) => value?.toString() ?? "NULL")
        .join("|")}`;
    case "command-complete":
      return `complete ${message.tag}`;
    case "error":
    case "notice":
      return `${message.kind} ${message.fields.sqlstate ?? ""}`;
    case "ready-for-query":
      return `ready ${message.status}`;
    case "row-description":
      return `columns ${message.fields.map(({ name }) => name).join("|")}`;
    case "copy-data":
      return `data ${message.frame.subarray(5).toString().trimEnd()}`;
    default:
      return message.kind;
  }
}

async function dial({ host, port, ca }: Pick<RawOptions, "host" | "port" | "ca">): Promise<Socket> {
  const socket = connectTcp({ host, port, noDelay: true });
  await once(socket, "connect");
  if (ca === undefined) return socket;
  socket.write(toTarget.sslRequest);
  const [answer] = (await once(socket, "data")) as [Buffer];
  if (answer.toString() !== "S") throw new Error("TLS was refused");
  const tls = connectTls({ socket, ca: await readFile(ca, "utf8") });
  await once(tls, "secureConnect");
  return tls;
}

/** How a raw client reaches a cluster's gateway as `who`. */
export async function gateway(
  cluster: Cluster,
  who: string,
  over: Partial<Omit<RawOptions, "parameters">> & {
    parameters?: Readonly<Record<string, string>>;
  } = {},
): Promise<RawOptions> {
  const env = await cluster.env(who, over.password);
  return {
    host: env["PGHOST"] ?? "",
    port: Number(env["PGPORT"]),
    ca: env["PGSSLROOTCERT"],
    password: env["PGPASSWORD"] ?? "",
    ...over,
    parameters: { user: who, database: "shop", ...over.parameters },
  };
}

/** For `postgres: { hba: clearText }`: the target itself takes the same raw client. */
export const clearText = ["host all all 127.0.0.1/32 password"];

/** The target itself, with the gateway's own credentials, past the gateway. */
export function bare(cluster: Cluster, database = "shop"): RawOptions {
  const { host, port } = cluster.target;
  const password = cluster.targetPassword;
  return { host, port, ca: undefined, password, parameters: { user: "shop_app", database } };
}
