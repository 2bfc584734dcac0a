import { readFileSync } from "node:fs";
import type { ClientConfig } from "pg";
import { CliError } from "../cli-error.ts";

type Tls = "off" | "require" | "verify-full";

/** A target as the command line and libpq's environment name it. */
export interface TargetAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Absent: PGPASSWORD or ~/.pgpass, as `pg` reads them. */
  readonly password: string | undefined;
  readonly tls: Tls;
  readonly ca: string | undefined;
}

const modes: Readonly<Record<string, Tls>> = {
  disable: "off",
  allow: "off",
  prefer: "off",
  require: "require",
  "verify-ca": "verify-full",
  "verify-full": "verify-full",
};
const loopback = /^(localhost|127\..*|::1)$/;

/** @throws {CliError} for what is no address of a PostgreSQL */
export function targetAddress(
  written: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): TargetAddress {
  const url = written === undefined ? undefined : parsed(written);
  const query = url?.searchParams;
  const host =
    url?.hostname.replace(/^\[|\]$/g, "") || query?.get("host") || env["PGHOST"] || "127.0.0.1";
  const user = decodeURIComponent(url?.username ?? "") || env["PGUSER"] || "postgres";
  const mode = query?.get("sslmode") ?? env["PGSSLMODE"];
  const known = mode === undefined ? undefined : modes[mode];
  if (mode !== undefined && known === undefined)
    throw new CliError(`\`${mode}\` is no sslmode`, {
      exitCode: 2,
      hint: "use disable, require or verify-full",
    });
  if (host.startsWith("/"))
    throw new CliError(`\`${host}\` is a socket's folder`, {
      hint: "a gateway dials its targets over TCP: give a host",
    });
  return {
    host,
    port: Number(url?.port || env["PGPORT"] || 5432),
    database: decodeURIComponent(url?.pathname.slice(1) ?? "") || env["PGDATABASE"] || user,
    user,
    password: (url && decodeURIComponent(url.password)) || undefined,
    tls: known ?? (loopback.test(host) ? "off" : "verify-full"),
    ca: query?.get("sslrootcert") ?? env["PGSSLROOTCERT"],
  };
}

function parsed(written: string): URL {
  try {
    const url = new URL(written);
    if (/^postgres(ql)?:$/.test(url.protocol)) return url;
  } catch {
    // Said below, without the text: it may hold a password.
  }
  throw new CliError("that is no URL of a PostgreSQL", {
    exitCode: 2,
    hint: "write postgres://USER@HOST:PORT/DATABASE, or set PGHOST, PGDATABASE, PGUSER; the password comes from PGPASSWORD or ~/.pgpass",
  });
}

export const clientConfig = (address: TargetAddress): ClientConfig => ({
  host: address.host,
  port: address.port,
  database: address.database,
  user: address.user,
  ...(address.password !== undefined && { password: address.password }),
  ssl:
    address.tls === "off"
      ? false
      : {
          rejectUnauthorized: address.tls === "verify-full",
          ...(address.ca !== undefined && { ca: readFileSync(address.ca, "utf8") }),
        },
  application_name: "sally init",
  connectionTimeoutMillis: 5000,
  query_timeout: 20_000,
});
