import { readFileSync } from "node:fs";
import { request as plain } from "node:http";
import { request as secure } from "node:https";
import { parseArgs } from "node:util";
import { listenerOf, loadConfig, type ListenerName } from "../../libs/runtime/src/index.ts";

const patience = 8000;
const names: readonly ListenerName[] = ["authn", "policy", "approval", "recorder", "proxy"];

/** HEALTHCHECK of the image: 0 when the service that is this container's first process answers on /healthz. */
async function main(): Promise<void> {
  const commandLine = readFileSync("/proc/1/cmdline", "utf8").split("\0");
  const service = names.find((name) =>
    commandLine.some((word) => word.endsWith(`/services/${name}/src/main.ts`)),
  );
  if (service === undefined) return; // a command of `sally`: it ends by itself
  const { values } = parseArgs({
    args: commandLine.filter((word) => word !== ""),
    options: { config: { type: "string" }, data: { type: "string" } },
    strict: false,
  });
  const config = loadConfig(String(values.config));
  const { address, tls } = listenerOf({ config, data: String(values.data) }, service);
  const host = { "0.0.0.0": "127.0.0.1", "::": "::1" }[address.host] ?? address.host;
  const status = await ask(tls !== "off", host, address.port);
  if (status !== 200) throw new Error(`${service} answered ${status}`);
}

/** INVARIANT: it asks itself and sends no secret, so the certificate, which names the outside, is not looked at. */
function ask(tls: boolean, host: string, port: number): Promise<number | undefined> {
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
