import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  isLoopback,
  listenerOf,
  readCluster,
  selfSignedFiles,
  dataDirectory,
} from "@sallyport/runtime";
import { CliError } from "../cli-error.ts";
import type { CliContext } from "../context.ts";
import { gatewayAddress } from "./gateway-address.ts";

/** Where clients reach the gateway. */
export interface Gateway {
  readonly host: string;
  readonly port: number;
  readonly sslmode: "verify-full" | "disable";
  readonly ca: string | null;
}

/**
 * The gateway that was named, or else the one of the config, for those who run it.
 * @param named `HOST:PORT`; @param ca PEM file
 * @throws CliError
 */
export function gatewayOf(
  context: CliContext,
  named: string | undefined,
  ca: string | undefined,
  plain: boolean,
): Gateway {
  if (named !== undefined) {
    const address = gatewayAddress(named);
    if (address === null)
      throw new CliError(`\`${named}\` is no address such as \`sallyport.example.com:6432\``, {
        exitCode: 2,
      });
    if (plain && !isLoopback(address.host))
      throw new CliError(`\`${named}\` would take your token without TLS`, {
        hint: "--no-tls is for a gateway on this machine",
      });
    return {
      ...address,
      sslmode: plain ? "disable" : "verify-full",
      ca: readable(ca),
    };
  }
  if (!existsSync(context.file))
    throw new CliError("nobody said where the gateway is", {
      hint: "give --gateway HOST:PORT (or SALLY_GATEWAY), or a config with --config",
      exitCode: 2,
    });
  const config = context.config();
  const { address, tls } = listenerOf({ config, data: context.data }, "postgres");
  if (address.port === 0)
    throw new CliError("the config gives the gateway no fixed port, and nothing runs from here", {
      hint: "start `sally up`, or name the gateway with --gateway",
    });
  const own = selfSignedFiles(dataDirectory(context.data).tls).ca;
  return {
    host: address.host === "0.0.0.0" || address.host === "::" ? "localhost" : address.host,
    port: address.port,
    sslmode: tls === "off" ? "disable" : "verify-full",
    ca: readable(ca) ?? readCluster(context.data)?.ca ?? (tls === "self-signed" ? own : null),
  };
}

function readable(file: string | undefined): string | null {
  if (file === undefined) return null;
  if (!existsSync(file)) throw new CliError(`file \`${file}\` is not there`, { exitCode: 2 });
  return resolve(file);
}
