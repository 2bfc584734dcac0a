import type { Writable } from "node:stream";

/**
 * Gathers what is written to a socket in one turn of the event loop: it leaves by one system call, in its order. What
 * `write` says of the socket's buffer stays true.
 */
export function oneWriteATurn<S extends Writable>(socket: S): S {
  if (socket.writableCorked > 0) return socket;
  socket.cork();
  process.nextTick(() => socket.uncork());
  return socket;
}
