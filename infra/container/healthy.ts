import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { request as plain } from "node:http";
import { request as secure } from "node:https";
import { parseArgs } from "node:util";
import type { ListenerName } from "../../libs/runtime/src/index.ts";

const patience = 8000;
/** What the first check found, so that the next ones need not read the config; gone when the container restarts. */
const memory = "/tmp/sallyport-health.json";
const names: readonly ListenerName[] = ["authn", "policy", "approval", "recorder", "proxy"];

interface Listener {
  readonly service: ListenerName;
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
}

/** HEALTHCHECK of the image: 0 when the service that is this container's first process answers on /healthz. */
async function main(): Promise<void> {
  const listener = existsSync(memory)
    ? (JSON.parse(readFileSync(memory, "utf8")) as Listener)
    : await findListener();
  if (listener === null) return; // a command of `sally`: it ends by itself
  const status = await ask(listener);
  if (status !== 200) throw new Error(`${listener.service} answered ${status}`);
}

async function findListener(): Promise<Listener | null> {
  const commandLine = readFileSync("/proc/1/cmdline", "utf8").split("\0");
  const service = names.find((name) =>
    commandLine.some((word) => word.endsWith(`/services/${name}/src/main.ts`)),
  );
  if (service === undefined) return null;
  const { values } = parseArgs({
    args: commandLine.filter((word) => word !== ""),
    options: { config: { type: "string" }, data: { type: "string" } },
    strict: false,
  });
  const { listenerOf, loadConfig } = await import("../../libs/runtime/src/index.ts");
  const config = loadConfig(String(values.config));
  const { address, tls } = listenerOf({ config, data: String(values.data) }, service);
  const host = { "0.0.0.0": "127.0.0.1", "::": "::1" }[address.host] ?? address.host;
  const listener = { service, tls: tls !== "off", host, port: address.port };
  writeFileSync(memory, JSON.stringify(listener));
  return listener;
}

/** INVARIANT: it asks itself and sends no secret, so the certificate, which names the outside, is not looked at. */
function ask({ tls, host, port }: Listener): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const where = { host, port, path: "/healthz", timeout: patience, agent: false };
    const asked = tls
      ? secure({ ...where, rejectUnauthorized: false }, (answer) => resolve(answer.statusCode))
      : plain(where, (answer) => resolve(answer.statusCode));
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${patience / 1000} s`)));
    asked.on("error", reject);
    asked.end();
  });
}

main().then(
  () => process.exit(0),
  (cause: unknown) => {
    process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
    process.exit(1);
  },
);
