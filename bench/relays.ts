import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  freePort,
  LeashedProcess,
  makeCertificate,
  waitFor,
  type PostgresServer,
} from "@sallyport/testkit";
import { connect } from "node:net";
import type { Door } from "./door.ts";
import { owner } from "./target.ts";

/** The program's path, or null when this machine lacks it. */
export function program(name: string): string | null {
  for (const folder of [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"])
    if (folder !== "" && existsSync(join(folder, name))) return join(folder, name);
  return null;
}

export const versionOf = (path: string, argument: string): string =>
  execFileSync(path, [argument], { encoding: "utf8" }).split("\n")[0] ?? "";

type Relay = Door & AsyncDisposable;

/** Straight to the target. */
export const direct = (target: PostgresServer): Door => ({
  name: "direct",
  env: async () => environment(target.port),
  processes: () => [],
});

function environment(port: number, more: Record<string, string> = {}): Record<string, string> {
  return {
    PGHOST: "127.0.0.1",
    PGPORT: String(port),
    PGUSER: owner.user,
    PGPASSWORD: owner.password,
    PGDATABASE: owner.database,
    PGSSLMODE: "disable",
    ...more,
  };
}

/** PgBouncer in session mode: one target connection a client, as through the gateway. */
export async function pgbouncer(
  path: string,
  target: PostgresServer,
  tls: boolean,
): Promise<Relay> {
  const { password } = owner;
  return relay(tls ? "PgBouncer, TLS" : "PgBouncer", tls, async (directory, port) => {
    const file = join(directory, "pgbouncer.ini");
    let listener = "";
    if (tls) {
      const pair = await makeCertificate();
      await writeFile(join(directory, "key.pem"), pair.key);
      await writeFile(join(directory, "cert.pem"), pair.certificate);
      listener = `client_tls_sslmode = require\nclient_tls_key_file = ${directory}/key.pem\nclient_tls_cert_file = ${directory}/cert.pem\n`;
    }
    await writeFile(
      file,
      `[databases]
${owner.database} = host=127.0.0.1 port=${target.port} dbname=${owner.database} user=${owner.user} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${directory}/users.txt
pool_mode = session
max_client_conn = 2000
default_pool_size = 1500
log_connections = 0
log_disconnections = 0
${listener}`,
    );
    await writeFile(join(directory, "users.txt"), `"${owner.user}" "${password}"\n`);
    return [path, [file]];
  });
}

/** HAProxy relaying TCP. */
export function haproxy(path: string, target: PostgresServer): Promise<Relay> {
  return relay("HAProxy", false, async (directory, port) => {
    const file = join(directory, "haproxy.cfg");
    await writeFile(
      file,
      `global
  maxconn 4000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen postgres
  bind 127.0.0.1:${port}
  server target 127.0.0.1:${target.port}
`,
    );
    return [path, ["-db", "-f", file]];
  });
}

/** PgBouncer does not run as root; nobody may enter the folder. */
async function relay(
  name: string,
  tls: boolean,
  prepare: (directory: string, port: number) => Promise<[string, string[]]>,
): Promise<Relay> {
  const directory = await mkdtemp(join(tmpdir(), "sallyport-bench-"));
  await chmod(directory, 0o755);
  const port = await freePort();
  const [command, args] = await prepare(directory, port);
  const asRoot = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const started = await LeashedProcess.start(command, args, {
    directory,
    temporary: true,
    log: join(tmpdir(), `sallyport-bench-relay-${port}.log`),
    signal: "TERM",
    ...asRoot,
  });
  await waitFor(() => !started.running || answers(port), { what: name, timeout: 10_000 });
  if (!started.running) throw new Error(`${name} did not start`);
  return {
    name,
    env: async () => environment(port, tls ? { PGSSLMODE: "require" } : {}),
    processes: () => [{ name: command.split("/").at(-1) ?? name, pid: started.pid }],
    [Symbol.asyncDispose]: async () => {
      await started.end("SIGTERM");
      await rm(directory, { recursive: true, force: true });
      await rm(join(tmpdir(), `sallyport-bench-relay-${port}.log`), { force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
