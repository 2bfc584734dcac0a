import { setImmediate as turn } from "node:timers/promises";
import { Backend, eachFrame, FrameReader } from "@sallyport/pgwire";
import type { Seeded } from "../../chaos/seeded.ts";
import { RawClient, type RawOptions } from "../../journey/raw-client.ts";
import { markAnswered, type Segment } from "./session-script.ts";

/** How long an answer may take, in milliseconds. */
const patience = 30_000;

/** What ends the answer to one message of the extended protocol. */
const terminal: ReadonlySet<number> = new Set([
  Backend.ParseComplete,
  Backend.BindComplete,
  Backend.CloseComplete,
  Backend.CommandComplete,
  Backend.EmptyQueryResponse,
  Backend.PortalSuspended,
  Backend.NoData,
  Backend.RowDescription,
]);

/** What may come at any time. */
const aside: ReadonlySet<number> = new Set([
  Backend.NoticeResponse,
  Backend.NotificationResponse,
  Backend.ParameterStatus,
]);

/** A client that says a script's segments and hears their answers. */
export class Talk implements AsyncDisposable {
  readonly heard: Buffer[] = [];
  readonly #raw: RawClient;
  #check: () => void = () => undefined;

  private constructor(raw: RawClient) {
    this.#raw = raw;
    const reader = new FrameReader({ from: "backend", maxBuffered: 1 << 26 });
    raw.socket
      .on("data", (chunk: Buffer) => {
        reader.push(chunk);
        for (let item = reader.next(); item; item = reader.next())
          for (const frame of eachFrame(item.bytes)) this.heard.push(Buffer.from(frame));
        this.#check();
      })
      .on("close", () => this.#check());
  }

  static async open(options: RawOptions): Promise<Talk> {
    return new Talk(await RawClient.open(options));
  }

  /** With a `seeded`, cut into packets at any places. @throws when an answer does not come, or the session ends */
  async say({ pieces, marked }: Segment, seeded?: Seeded): Promise<void> {
    const from = this.heard.length;
    const since = () => this.heard.slice(from).filter(([type]) => !aside.has(type ?? 0));
    for (const { frames, answers } of pieces) {
      await this.#send(Buffer.concat(frames), seeded);
      if (answers > 0)
        await this.#until(() => {
          const all = since();
          const failed = all.some(([type]) => type === Backend.ErrorResponse);
          return failed || all.filter(([type]) => terminal.has(type ?? 0)).length >= answers;
        });
    }
    await this.#until(() => {
      const all = since();
      if (all.at(-1)?.[0] !== Backend.ReadyForQuery) return false;
      if (!marked) return true;
      const last = all.slice(-markAnswered.length).map(([type]) => String.fromCharCode(type ?? 0));
      return last.join("") === markAnswered;
    });
  }

  async #send(bytes: Buffer, seeded: Seeded | undefined): Promise<void> {
    const most = seeded?.of([1e9, 1e9, 1000, 60, 7]) ?? 1e9;
    for (let at = 0; at < bytes.length;) {
      const end = most > 1e6 ? bytes.length : at + 1 + Math.floor((seeded?.next() ?? 0) * most);
      this.#raw.socket.write(bytes.subarray(at, end));
      at = end;
      if (at < bytes.length && most > 7) await turn();
    }
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (why?: Error): void => {
        clearTimeout(timer);
        this.#check = () => undefined;
        if (why) reject(why);
        else resolve();
      };
      const timer = setTimeout(() => done(new Error("an answer does not come")), patience);
      this.#check = () => {
        if (holds()) done();
        else if (this.#raw.ended) done(new Error("the session has ended"));
      };
      this.#check();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#raw.socket.destroy();
    await this.#raw[Symbol.asyncDispose]();
  }
}
