import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** A way to a TCP server that can be cut: connections then hang, as over a network that drops packets. */
export class Relay implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  /** Those who came while it was cut. */
  readonly #waiting = new Set<Socket>();
  /** Those whose other end has gone while it was cut: they hear of it when it is mended. */
  readonly #orphans = new Set<Socket>();
  #cut = false;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (near) => this.#take(near));
  }

  /** To a loopback port, on a free one or on `port`. */
  static async start(target: number, port = 0): Promise<Relay> {
    const server = createServer({ pauseOnConnect: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    server.unref();
    return new Relay(server, target);
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Nothing goes through any more, in either direction, and nobody is told; who connects gets no word. */
  cut(): void {
    this.#cut = true;
    for (const { near, far } of this.#pairs) {
      near.pause();
      far.pause();
    }
  }

  /**
   * Goes on. `late`: what was sent meanwhile arrives now, as when a network is back in time; `reset`: the connections
   * are gone, as when it was not.
   */
  mend(how: "late" | "reset"): void {
    this.#cut = false;
    for (const orphan of this.#orphans) orphan.resetAndDestroy();
    this.#orphans.clear();
    if (how === "reset") this.#reset();
    for (const { near, far } of this.#pairs) {
      near.resume();
      far.resume();
    }
    for (const near of this.#waiting) this.#join(near);
    this.#waiting.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.mend("reset");
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #reset(): void {
    for (const near of this.#waiting) near.resetAndDestroy();
    this.#waiting.clear();
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  #take(near: Socket): void {
    near.on("error", () => near.destroy());
    if (!this.#cut) return this.#join(near);
    this.#waiting.add(near);
    near.once("close", () => this.#waiting.delete(near));
  }

  #join(near: Socket): void {
    const far = connect({ port: this.#target, host: "127.0.0.1", noDelay: true });
    const pair = { near, far };
    this.#pairs.add(pair);
    hand(near, far, () => this.#cut);
    hand(far, near, () => this.#cut);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("error", () => {
        if (!this.#cut) other.resetAndDestroy();
      });
      one.once("close", () => {
        this.#pairs.delete(pair);
        if (!this.#cut) other.destroy();
        else if (!other.destroyed) this.#orphans.add(other);
      });
    }
    if (!this.#cut) near.resume();
  }
}

/** With back-pressure; an end is handed on when all before it was. */
function hand(from: Socket, to: Socket, isCut: () => boolean): void {
  from.on("data", (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => {
    if (!isCut()) from.resume();
  });
  from.on("end", () => to.end());
}
