import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export interface Conversation {
  /** All bytes of one connection, as they came. */
  readonly frontend: Buffer[];
  readonly backend: Buffer[];
  /** Whether both have said all that they will say. */
  ended: boolean;
}

/** Listens between a client and a server, and keeps what both say, connection by connection. */
export class WireTee implements AsyncDisposable {
  readonly conversations: Conversation[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const conversation: Conversation = { frontend: [], backend: [], ended: false };
      this.conversations.push(conversation);
      const server = connect(target, "127.0.0.1");
      for (const [from, to, kept] of [
        [client, server, conversation.frontend],
        [server, client, conversation.backend],
      ] as const) {
        this.#sockets.add(from);
        from.on("data", (bytes: Buffer) => {
          kept.push(bytes);
          to.write(bytes);
        });
        from.on("end", () => {
          to.end();
          conversation.ended = client.readableEnded && server.readableEnded;
        });
        from.on("error", () => to.destroy());
      }
    });
  }

  static async before(target: number): Promise<WireTee> {
    const tee = new WireTee(target);
    await new Promise<void>((resolve) => tee.#server.listen(0, "127.0.0.1", resolve));
    return tee;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
