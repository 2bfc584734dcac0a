import { mkdir, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { busUser, createCredentials, natsServerConfig } from "../../libs/bus/src/index.ts";

const usage = `usage: node infra/nats/generate.ts --workers w1,w2 --out DIR
  [--partitions 1] [--host 127.0.0.1] [--port 4222] [--store DIR/store] [--durability buffered|fsync]
  [--max-store BYTES] [--monitoring HOST:PORT]`;

/** Makes one key a user and the server's configuration with each user's permissions. Keys that exist are kept. */
async function main(): Promise<void> {
  const { values } = parseArgs({
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
  const { workers, out, durability, "max-store": maxStore } = values;
  if (workers === undefined || out === undefined) throw new Error(usage);
  if (durability !== "buffered" && durability !== "fsync") throw new Error(usage);
  const directory = resolve(out);
  const partitions = wholeNumber(values.partitions, 9999);
  await mkdir(directory, { recursive: true });
  const credentials = await createCredentials(join(directory, "credentials"), {
    workers: workers.split(","),
    partitions,
  });
  const config = natsServerConfig({
    users: credentials.map(busUser),
    host: values.host,
    port: wholeNumber(values.port, 65_535),
    storeDirectory: values.store ?? join(directory, "store"),
    partitions,
    durability,
    ...(maxStore !== undefined && { maxStore: wholeNumber(maxStore, Number.MAX_SAFE_INTEGER) }),
    ...(values.monitoring !== undefined && { monitoring: addressOf(values.monitoring) }),
  });
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
    throw new Error(`\`${text}\` is no whole number from 1 to ${most}\n${usage}`);
  return number;
}

main().catch((cause: unknown) => {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 2;
});
