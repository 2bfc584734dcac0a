import { createServer } from "node:net";
import { addressText } from "@sallyport/runtime";
import { CliError } from "../cli-error.ts";

/** Takes a free port of a host and lets it go: for listeners that several processes share, or that come back. */
export const reservePort = (host: string): Promise<number> => probe(host, 0);

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
