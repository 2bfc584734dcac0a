import {
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Transform } from "node:stream";
import { text } from "node:stream/consumers";
import type { S3Server } from "./s3.ts";

/**
 * What happens to a request: `slow-down` answers 503 as a server that throttles, `refuse` 403 as one that withdrew a
 * right; `lose-answer` hands it on and cuts the connection before the answer; `cut-answer` cuts it in the middle of
 * the answer's body; `flip-sent` and `flip-answer` change the first byte of what is sent or answered; `delay` waits so
 * many milliseconds before it hands it on.
 */
export type S3Fault =
  | "none"
  | "slow-down"
  | "refuse"
  | "lose-answer"
  | "cut-answer"
  | "flip-sent"
  | "flip-answer"
  | { delay: number };

export interface S3Request {
  readonly method: string;
  /** With the bucket, without the query. */
  readonly path: string;
}

/** A way to a real S3 server on which things go wrong. */
export class FaultyS3 implements AsyncDisposable {
  readonly endpoint: string;
  /** Asked for each request. */
  fault: (request: S3Request) => S3Fault = () => "none";
  /** What came so far. */
  readonly requests: S3Request[] = [];
  readonly #s3: S3Server;
  readonly #server: Server;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<NodeJS.Timeout>();

  private constructor(s3: S3Server, server: Server) {
    this.#s3 = s3;
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.endpoint = `http://127.0.0.1:${this.#port}`;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("request", (asked, answer) => this.#take(asked, answer));
  }

  static async start(s3: S3Server): Promise<FaultyS3> {
    const server = createServer();
    await listen(server, 0);
    return new FaultyS3(s3, server);
  }

  /** Out of reach: connections are cut, and refused from now on. */
  async down(): Promise<void> {
    for (const timer of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening)
      await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** In reach again, on the same port. */
  async up(): Promise<void> {
    await listen(this.#server, this.#port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }

  #take(asked: IncomingMessage, answer: ServerResponse): void {
    const one = { method: asked.method ?? "", path: (asked.url ?? "").split("?", 1)[0] ?? "" };
    this.requests.push(one);
    const fault = this.fault(one);
    if (fault === "slow-down" || fault === "refuse") {
      const [status, code, message] = refusals[fault];
      answer.writeHead(status, { "content-type": "application/xml" });
      answer.end(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
      asked.resume();
    } else if (typeof fault === "object") {
      const timer = setTimeout(() => {
        this.#waiting.delete(timer);
        this.#handOn(asked, answer, "none");
      }, fault.delay);
      this.#waiting.add(timer);
    } else this.#handOn(asked, answer, fault);
  }

  #handOn(asked: IncomingMessage, answer: ServerResponse, fault: S3Fault): void {
    const cut = (): void => void asked.socket.destroy();
    // The host stays the one that was signed.
    const onward = request(
      {
        host: "127.0.0.1",
        port: this.#s3.port,
        method: asked.method,
        path: asked.url,
        headers: asked.headers,
        agent: false,
      },
      (answered) => {
        if (fault === "lose-answer") {
          text(answered).then(cut, cut);
          return;
        }
        answer.writeHead(answered.statusCode ?? 502, answered.headers);
        if (fault === "cut-answer") {
          answer.flushHeaders();
          answered.once("data", (chunk: Buffer) => {
            answer.write(chunk.subarray(0, chunk.length / 2), cut);
            answered.destroy();
          });
          answered.once("end", cut);
        } else if (fault === "flip-answer") answered.pipe(flipped()).pipe(answer);
        else answered.pipe(answer);
      },
    );
    onward.on("error", cut);
    answer.once("close", () => onward.destroy());
    if (fault === "flip-sent") asked.pipe(flipped()).pipe(onward);
    else asked.pipe(onward);
  }
}

const refusals = {
  "slow-down": [503, "SlowDown", "Please reduce your request rate."],
  refuse: [403, "AccessDenied", "Access Denied."],
} as const;

/** All that comes through it, but for its first byte. */
function flipped(): Transform {
  let first = true;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const bytes = Buffer.from(chunk);
      if (first && bytes.length > 0) bytes[0] = (bytes[0] ?? 0) ^ 1;
      first = false;
      done(null, bytes);
    },
  });
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}
