import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import type { Door } from "./door.ts";
import { residentBytes } from "./usage.ts";

/**
 * Bytes of the process called `name` that one session costs while it waits: its resident memory with so many sessions,
 * less what it was before.
 */
export async function idleSession(door: Door, name: string, sessions: number): Promise<number> {
  const pid = door.processes().find((one) => one.name === name)?.pid;
  if (pid === undefined) throw new Error(`no process \`${name}\``);
  const env = await door.env();
  const open = async (count: number): Promise<Client[]> => {
    const clients: Client[] = [];
    while (clients.length < count) {
      const some = Array.from({ length: Math.min(20, count - clients.length) }, async () => {
        const client = new Client({
          host: env["PGHOST"],
          port: Number(env["PGPORT"]),
          user: env["PGUSER"],
          database: env["PGDATABASE"],
          password: env["PGPASSWORD"],
          ssl: false,
        });
        client.on("error", () => undefined);
        await client.connect();
        await client.query("SELECT 1");
        return client;
      });
      clients.push(...(await Promise.all(some)));
    }
    return clients;
  };
  const close = (clients: readonly Client[]): Promise<unknown> =>
    Promise.all(clients.map((client) => client.end()));
  await close(await open(Math.min(50, sessions)));
  await delay(2000);
  const before = residentBytes(pid);
  const clients = await open(sessions);
  await delay(2000);
  const after = residentBytes(pid);
  await close(clients);
  return (after - before) / sessions;
}
