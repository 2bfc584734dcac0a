import { mkdir, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { busUser, createCredentials, natsServerConfig } from "../../libs/bus/src/index.ts";
import { programArguments } from "../program-arguments.ts";

const usage = `usage: node infra/nats/generate.ts --workers w1,w2 --out DIR
  [--partitions 1] [--host 127.0.0.1] [--port 4222] [--store DIR/store] [--durability buffered|fsync]
  [--max-store BYTES] [--monitoring HOST:PORT]`;

function read(argv: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      workers: { type: "string" },
      out: { type: "string" },
      partitions: { type: "string", default: "1" },
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "4222" },
      store: { type: "string" },
      durability: { type: "string", default: "buffered" },
      "max-store": { type: "string" },
      monitoring: { type: "string" },
    },
  });
  const { workers, out, host, store, durability, "max-store": maxStore, monitoring } = values;
  if (workers === undefined) throw new Error("--workers is missing");
  if (out === undefined) throw new Error("--out is missing");
  if (durability !== "buffered" && durability !== "fsync")
    throw new Error(`--durability is buffered or fsync, not \`${durability}\``);
  const directory = resolve(out);
  return {
    directory,
    workers: workers.split(","),
    partitions: wholeNumber(values.partitions, 9999),
    server: {
      host,
      port: wholeNumber(values.port, 65_535),
      storeDirectory: store ?? join(directory, "store"),
      durability,
      ...(maxStore !== undefined && { maxStore: wholeNumber(maxStore, Number.MAX_SAFE_INTEGER) }),
      ...(monitoring !== undefined && { monitoring: addressOf(monitoring) }),
    },
  } as const;
}

/** Makes one key a user and the server's configuration with each user's permissions. Keys that exist are kept. */
async function main(): Promise<void> {
  const { directory, workers, partitions, server } = programArguments(usage, read);
  await mkdir(directory, { recursive: true });
  const credentials = await createCredentials(join(directory, "credentials"), {
    workers,
    partitions,
  });
  const config = natsServerConfig({ users: credentials.map(busUser), partitions, ...server });
  const file = join(directory, "nats.conf");
  await writeFile(`${file}.new`, config, { mode: 0o600 });
  await rename(`${file}.new`, file);
  process.stdout.write(`${file}\n`);
}

function addressOf(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon), port: wholeNumber(text.slice(colon + 1), 65_535) };
}

function wholeNumber(text: string, most: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new Error(`\`${text}\` is no whole number from 1 to ${most}`);
  return number;
}

main().catch((cause: unknown) => {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
});
