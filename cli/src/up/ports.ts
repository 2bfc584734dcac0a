import { createServer } from "node:net";
import { addressText } from "@sallyport/runtime";
import { CliError } from "../cli-error.ts";

/**
 * Where ports are looked for: below the range from which systems take ports for outgoing connections, one of which
 * could have it before its listener does.
 */
const range = { first: 10_000, count: 10_000 };
/** Each process begins elsewhere, so that two that start at once find others. */
let next = (process.pid * 8) % range.count;

/** Takes a free port of a host and lets it go: for listeners that several processes share, or that come back. */
export async function reservePort(host: string): Promise<number> {
  for (let tried = 0; tried < range.count; tried++) {
    const port = range.first + next;
    next = (next + 1) % range.count;
    try {
      return await probe(host, port);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw cause;
    }
  }
  return await probe(host, 0);
}

/** Throws when somebody else listens there. */
export async function requireFree(
  label: string,
  { host, port }: { host: string; port: number },
): Promise<void> {
  try {
    await probe(host, port);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const address = addressText({ host, port });
    if (code === "EADDRINUSE")
      throw new CliError(`\`${label}\`: somebody listens on \`${address}\` already`, {
        hint: "choose another port in the config, or port 0 for a free one",
        cause,
      });
    throw new CliError(`\`${label}\`: cannot listen on \`${address}\` (${code})`, { cause });
  }
}

function probe(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const taken = typeof address === "object" && address ? address.port : port;
      server.close(() => resolve(taken));
    });
  });
}
