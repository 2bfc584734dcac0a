import { connect, type Socket } from "node:net";
import {
  eachFrame,
  FrameReader,
  parseBackend,
  parseDataRow,
  toTarget,
  type BackendMessage,
  type Field,
} from "@sallyport/pgwire";

/** What one statement gave: its columns, rows, command tag. A COPY's rows are its lines. */
export interface Result {
  readonly fields: readonly Field[] | null;
  readonly rows: readonly (readonly (string | null)[])[];
  readonly tag: string;
}

export interface Ran {
  readonly results: readonly Result[];
  readonly error: { readonly sqlstate: string; readonly text: string } | null;
  readonly notices: readonly string[];
}

/** A session with a server that asks no password: texts are sent together, their answers come in order. */
export class Session {
  readonly #socket: Socket;
  readonly #reader = new FrameReader({ from: "backend", maxBuffered: 64 * 1024 * 1024 });
  readonly #waiting: { take: (ran: Ran) => void; fail: (cause: Error) => void }[] = [];
  #heard: BackendMessage[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    const end = (cause: Error): void => {
      for (const { fail } of this.#waiting.splice(0)) fail(cause);
    };
    socket
      .on("data", (chunk: Buffer) => this.#hear(chunk))
      .on("error", end)
      .on("close", () => end(new Error("the server closed the connection")));
  }

  static async open(port: number, database: string): Promise<Session> {
    const session = new Session(connect(port, "127.0.0.1"));
    const logIn = session.#answer();
    session.#socket.write(
      toTarget.startupMessage([
        ["user", "postgres"],
        ["database", database],
      ]),
    );
    const { error } = await logIn;
    if (error) throw new Error(error.text);
    return session;
  }

  /** Each text by itself, all in one packet; an error in one does not keep the next from running. */
  run(...texts: readonly string[]): Promise<Ran[]> {
    if (!this.#socket.writable) return Promise.reject(new Error("the connection is closed"));
    const answers = texts.map(() => this.#answer());
    this.#socket.write(Buffer.concat(texts.map((text) => toTarget.query(text))));
    return Promise.all(answers);
  }

  close(): void {
    this.#socket.end(toTarget.terminate);
  }

  #answer(): Promise<Ran> {
    return new Promise((take, fail) => this.#waiting.push({ take, fail }));
  }

  #hear(chunk: Buffer): void {
    this.#reader.push(chunk);
    for (let frames = this.#reader.next(); frames; frames = this.#reader.next()) {
      if (frames.kind === "part") throw new Error("a row of more than 64 MiB");
      for (const frame of eachFrame(frames.bytes)) {
        const message = parseBackend(frame);
        if (message.kind === "ready-for-query") {
          const heard = this.#heard;
          this.#heard = [];
          this.#waiting.shift()?.take(summary(heard));
        } else this.#heard.push(message);
      }
    }
  }
}

function summary(heard: readonly BackendMessage[]): Ran {
  const results: Result[] = [];
  const notices: string[] = [];
  let error: Ran["error"] = null;
  let fields: readonly Field[] | null = null;
  let rows: (string | null)[][] = [];
  for (const message of heard) {
    if (message.kind === "row-description") fields = message.fields;
    else if (message.kind === "data-row")
      rows.push(parseDataRow(message.frame).map((value) => value?.toString() ?? null));
    else if (message.kind === "copy-data") rows.push([message.frame.subarray(5).toString()]);
    else if (message.kind === "command-complete") {
      results.push({ fields, rows, tag: message.tag });
      fields = null;
      rows = [];
    } else if (message.kind === "error") {
      const { sqlstate = "", message: text, detail, where } = message.fields;
      error = { sqlstate, text: [text, detail, where].join("\n") };
    } else if (message.kind === "notice")
      notices.push(`${message.fields.message} ${message.fields.detail ?? ""}`);
  }
  return { results, error, notices };
}
