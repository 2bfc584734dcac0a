import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * A TCP port of 127.0.0.1 that nobody listens on. It lies below the range from which systems take ports for
 * outgoing connections, so that a server which is down for a moment finds its port free again.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(15_000, 32_000);
    if (await isFree(port)) return port;
  }
  throw new Error("found no free port in 100 attempts");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}
