import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { TurnWrites } from "./turn-writes.ts";

/** A socket that notes what reaches it, call by call. */
function noting(): { socket: Writable; calls: Buffer[][] } {
  const calls: Buffer[][] = [];
  const socket = new Writable({
    highWaterMark: 1024,
    write(chunk: Buffer, _encoding, done) {
      calls.push([chunk]);
      done();
    },
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk }) => chunk as Buffer));
      done();
    },
  });
  return { socket, calls };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("what one turn writes leaves at once, in its order", async () => {
  const { socket, calls } = noting();
  const writes = new TurnWrites(socket);
  for (const text of ["a", "bc", "d"]) writes.write(Buffer.from(text));
  expect(calls).toEqual([]);
  await turn();
  expect(calls).toEqual([[Buffer.from("abcd")]]);
  writes.write(Buffer.from("e"));
  await turn();
  expect(calls.at(-1)).toEqual([Buffer.from("e")]);
});

test("much leaves uncopied, and the socket says then that it is full", () => {
  const { socket, calls } = noting();
  const writes = new TurnWrites(socket);
  const much = Buffer.alloc(20_000, "x");
  writes.write(Buffer.from("a"));
  writes.write(much);
  expect(calls).toHaveLength(1);
  expect(Buffer.concat(calls.flat())).toEqual(Buffer.concat([Buffer.from("a"), much]));
  expect(calls.flat().at(-1)).toBe(much);
  expect(socket.writableNeedDrain).toBe(true);
});

test("flushed, it leaves before what comes next, and once", async () => {
  const { socket, calls } = noting();
  const writes = new TurnWrites(socket);
  writes.write(Buffer.from("a"));
  writes.flush();
  socket.end(Buffer.from("z"));
  await turn();
  expect(Buffer.concat(calls.flat()).toString()).toBe("az");
});
