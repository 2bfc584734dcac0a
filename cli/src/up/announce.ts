import { type ClusterFile, type LoadedConfig } from "@sallyport/runtime";
import { paint, say, sayJson } from "../output.ts";

/** What `sally up` says while it works: lines for people, or with `--json` one object a line. */
export class Announcer {
  readonly #json: boolean;

  constructor(json: boolean) {
    this.#json = json;
  }

  step(text: string): void {
    if (!this.#json) say(`${paint("dim", "·")} ${text}`);
  }

  /** Something that a person should look at; on standard error with `--json`, where only the objects are on output. */
  trouble(text: string): void {
    if (this.#json) process.stderr.write(`sally: ${text}\n`);
    else say(`${paint("yellow", "!")} ${text}`);
  }

  started(service: string, pid: number, listen: Readonly<Record<string, string>>): void {
    const where = Object.values(listen).join(", ");
    this.step(`${service} serves${where === "" ? "" : ` on ${where}`} (pid ${pid})`);
  }

  ready(cluster: ClusterFile, loaded: LoadedConfig, revision: number): void {
    if (this.#json) {
      sayJson({
        ready: true,
        ...(cluster.postgres !== undefined && { postgres: cluster.postgres }),
        ...Object.fromEntries(
          Object.entries(cluster.http).map(([name, url]) => [name, new URL(url).host]),
        ),
        ...(cluster.ca !== undefined && { ca: cluster.ca }),
        nats: cluster.servers,
        revision,
        pid: cluster.pid,
      });
      return;
    }
    say();
    say(`${paint("green", "ready")}, policies at revision ${revision}`);
    if (cluster.postgres !== undefined) {
      const [connection = "CONNECTION"] = Object.keys(loaded.config.connections);
      say(`  PostgreSQL  ${cluster.postgres}`);
      if (cluster.ca !== undefined) say(`  authority   ${cluster.ca}`);
      say(`  try         ${psqlLine(cluster, connection)}`);
    }
    for (const [name, url] of Object.entries(cluster.http).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      say(`  ${name.padEnd(12)}${url}`);
    say(paint("dim", "  `sally doctor` looks at everything; Ctrl-C lets sessions end, then stops"));
    say();
  }
}

/** A line to copy: the token is the password. */
function psqlLine(cluster: ClusterFile, connection: string): string {
  const [, host = "127.0.0.1", port = "6432"] =
    /^\[?(.*?)\]?:(\d+)$/.exec(cluster.postgres ?? "") ?? [];
  const reachable = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  const tls = cluster.ca === undefined ? "" : ` sslmode=verify-full sslrootcert=${cluster.ca}`;
  return `PGPASSWORD=$TOKEN psql "host=${reachable} port=${port} user=me dbname=${connection}${tls}"`;
}
