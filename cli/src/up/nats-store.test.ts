import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bytesBelow, diskOf, writeError, writeErrorIn } from "./nats-store.ts";

/** As nats-server 2.15.1 wrote it on a disk of 1.4 GB that was full. */
const page = `{"status":"unavailable","error":"JetStream stream '$G \\u003e RECORD_0' write error: write /data/js/jetstream/$G/streams/RECORD_0/msgs/6.blk: no space left on device"}`;
const why =
  "RECORD_0: write /data/js/jetstream/$G/streams/RECORD_0/msgs/6.blk: no space left on device";

test("a stream that nats-server writes no more is read from its health page", () => {
  expect(writeErrorIn(page)).toBe(why);
  expect(writeErrorIn(`{"status":"ok"}`)).toBeNull();
  expect(writeErrorIn(`{"status":"unavailable","error":"JetStream is not current"}`)).toBeNull();
});

test("no page, and no answer, say nothing", async () => {
  const server = createServer((_, response) => response.writeHead(503).end(page));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const monitoring = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await writeError(monitoring)).toBe(why);
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  expect(await writeError(monitoring)).toBeNull();
});

test("a store's bytes and its disk's", () => {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-store-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "msgs"));
  writeFileSync(join(directory, "msgs", "1.blk"), Buffer.alloc(1000));
  writeFileSync(join(directory, "meta.inf"), Buffer.alloc(24));
  expect(bytesBelow(directory)).toBe(1024);
  const { total, free } = diskOf(directory);
  expect(total).toBeGreaterThan(free);
});
