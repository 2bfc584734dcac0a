import { CliError } from "../cli-error.ts";

/** Where a client goes, and as whom. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  /** The connection's name. */
  readonly database: string;
  /** A label. */
  readonly user: string;
  readonly sslmode: "verify-full" | "disable";
  /** PEM file; null: what the client itself trusts. */
  readonly ca: string | null;
  readonly passfile: string;
}

export const placeholderNames = [
  "host",
  "port",
  "database",
  "user",
  "sslmode",
  "ca",
  "passfile",
  "url",
  "jdbc",
] as const;

/** libpq's own environment, which most clients read. */
export function environmentOf(to: Destination): Record<string, string> {
  return {
    PGHOST: to.host,
    PGPORT: String(to.port),
    PGDATABASE: to.database,
    PGUSER: to.user,
    PGPASSFILE: to.passfile,
    PGSSLMODE: to.sslmode,
    ...(to.ca !== null && { PGSSLROOTCERT: to.ca }),
  };
}

/** Variables that would lead a client elsewhere, or give it another password than the passfile's. */
export const misleading = [
  "PGPASSWORD",
  "PGHOSTADDR",
  "PGSERVICE",
  "PGSERVICEFILE",
  "PGREQUIREAUTH",
  "SALLY_TOKEN",
] as const;

/**
 * Puts a destination into a client's argument. What stands in braces and is no name of ours stays as it is. A
 * password has no place here: everybody on the machine sees command lines.
 * @throws CliError
 */
export function inArgument(text: string, to: Destination): string {
  if (text.includes("{password}"))
    throw new CliError("`{password}` on a command line would show the token to the whole machine", {
      hint: "set a variable of the client instead: --env NAME='{password}'",
      exitCode: 2,
    });
  return replaced(text, to);
}

/** As inArgument, and `{password}`: a process' environment is its user's. */
export const inVariable = (text: string, to: Destination, password: string): string =>
  replaced(text, to).replaceAll("{password}", () => password);

const replaced = (text: string, to: Destination): string =>
  text.replaceAll(/\{([a-z]+)\}/g, (whole, name: string) => valuesOf(to)[name] ?? whole);

function valuesOf(to: Destination): Partial<Record<string, string>> {
  const { host, port, database, user, sslmode, ca, passfile } = to;
  const authority = `${host.includes(":") ? `[${host}]` : encodeURIComponent(host)}:${port}`;
  const tls = `sslmode=${sslmode}${ca === null ? "" : `&sslrootcert=${encodeURIComponent(ca)}`}`;
  const path = `${authority}/${encodeURIComponent(database)}`;
  const values: Record<(typeof placeholderNames)[number], string> = {
    host,
    port: String(port),
    database,
    user,
    sslmode,
    ca: ca ?? "",
    passfile,
    url: `postgresql://${encodeURIComponent(user)}@${path}?${tls}`,
    jdbc: `jdbc:postgresql://${path}?user=${encodeURIComponent(user)}&${tls}`,
  };
  return values;
}
