import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import { expect } from "vitest";
import type { Cluster } from "./cluster.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { gateway, RawClient } from "./raw-client.ts";

const { copyData, copyDone, query } = toTarget;
const mebibyte = 1024 * 1024;

/** What a worker has to pass on that is more than it may hold. Each waits for the other side, and for nothing else. */

/** On a machine that is busy elsewhere a worker may miss a beat, and refuses until it hears the next. */
export const logIn = (cluster: Cluster): Promise<RawClient> =>
  waitFor(async () => RawClient.open(await gateway(cluster, "ci-runner")), { what: "a log-in" });

/** A cluster with the table `sink`, whose worker has passed on data of each kind before. */
export async function startWarmCluster(): Promise<Cluster> {
  const cluster = await startProtocolCluster();
  await cluster.truth("SET ROLE shop_app; CREATE TABLE sink (v text)");
  await using raw = await logIn(cluster);
  await copyIn(raw, 20);
  await drink(raw, "SELECT repeat('x', 1000) FROM generate_series(1, 20000)");
  return cluster;
}

const line = `${"x".repeat(1023)}\n`;
const block = copyData(Buffer.from(line.repeat(64)));

/** COPY FROM STDIN of so many MiB into table `sink`. */
export async function copyIn(raw: RawClient, mebibytes: number, timeout = 250_000): Promise<void> {
  const blocks = mebibytes * 16;
  raw.send(query("COPY sink FROM STDIN"));
  await raw.until((said) => said.includes("copy-in"));
  for (let sent = 0; sent < blocks; sent++)
    if (!raw.socket.write(block)) await once(raw.socket, "drain");
  raw.send(copyDone);
  const said = await raw.until((all) => all.some((one) => one.startsWith("ready")), timeout);
  expect(said).toEqual([`complete COPY ${blocks * 64}`, "ready I"]);
}

const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** Takes what a statement brings and keeps none of it; gives how many bytes came up to its ReadyForQuery. */
export function drink(raw: RawClient, text: string): Promise<number> {
  const { socket } = raw;
  const others = socket.listeners("data");
  socket.removeAllListeners("data");
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let end: Buffer = Buffer.alloc(0);
    const back = (): void => {
      socket.off("data", take).off("close", ended);
      for (const one of others) socket.on("data", one as (chunk: Buffer) => void);
    };
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      end = Buffer.from(Buffer.concat([end, chunk.subarray(-6)]).subarray(-6));
      if (!end.equals(readyForQuery)) return;
      back();
      resolve(bytes);
    };
    const ended = (): void => {
      back();
      reject(new Error(`the connection ended after ${bytes} bytes`));
    };
    socket.on("data", take).on("close", ended);
    raw.send(query(text));
  });
}

/** So many statements of 20 MiB, which are more than any may have. */
export async function tooLongStatements(raw: RawClient, count: number): Promise<void> {
  const long = query(`SELECT 1 /* ${"x".repeat(20 * mebibyte)} */`);
  for (let sent = 0; sent < count; sent++)
    expect(await raw.ask(long)).toEqual(["error 54000", "ready I"]);
}

/** So many texts that nobody has sent before, 50 in a packet. */
export async function newTexts(raw: RawClient, count: number): Promise<void> {
  for (let at = 0; at < count; at += 50) {
    const texts = Array.from({ length: 50 }, (_, n) =>
      query(`SELECT ${at + n} AS n, coalesce('${"x".repeat(n)}', 'y') WHERE ${n} < ${at + 51}`),
    );
    const said = await raw.ask(...texts);
    expect(said.filter((one) => one.startsWith("row"))).toHaveLength(50);
  }
}

/** What a worker reads between two looks besides rows: beats, acknowledgements. */
const hardlyAnything = 128 * 1024;

/**
 * Waits until nobody takes what the target has for so many statements: at 20 looks in a row it waits for its client,
 * and the worker reads nothing.
 */
export async function targetIsSlowed(
  cluster: Cluster,
  statement: string,
  count = 1,
): Promise<void> {
  const blocked = `SELECT FROM pg_stat_activity WHERE query LIKE '${statement}' AND wait_event = 'ClientWrite'`;
  const { pid } = cluster.worker();
  let seen = 0;
  let before = 0;
  await waitFor(
    async () => {
      const all = (await cluster.truth(blocked)).length === count;
      const read = await bytesRead(pid);
      seen = all && read - before < hardlyAnything ? seen + 1 : 0;
      before = read;
      return seen === 20;
    },
    { what: "the target to be slowed down", timeout: 180_000, every: 100 },
  );
}

/** Bytes that a process has read, from sockets too. */
async function bytesRead(pid: number): Promise<number> {
  const [, bytes] = /^rchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, "utf8")) ?? [];
  if (bytes === undefined) throw new Error(`process ${pid} does not tell what it has read`);
  return Number(bytes);
}

/**
 * So many clients that ask for `mebibytes` each and read none of it, until the target can write to none of them; then
 * they leave.
 */
export async function unread(
  cluster: Cluster,
  who: string,
  clients: number,
  mebibytes: number,
): Promise<void> {
  const open: RawClient[] = [];
  try {
    for (let at = 0; at < clients; at++) {
      const raw = await waitFor(async () => RawClient.open(await gateway(cluster, who)), {
        what: "a log-in",
      });
      open.push(raw);
      raw.socket.pause();
      raw.send(
        query(`SELECT repeat('y', 1000) FROM generate_series(1, ${mebibytes * 1024}) /* unread */`),
      );
    }
    await targetIsSlowed(cluster, "%/* unread */", clients);
  } finally {
    for (const raw of open) raw.socket.destroy();
  }
}
