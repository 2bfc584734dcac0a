import type { Socket } from "node:net";

/** How long a client may take to read why it is refused, in milliseconds. */
const patience = 1000;

/**
 * Says `last` and closes. What the client still sends is read and thrown away: closing over unread bytes makes the
 * kernel reset the connection, and the client would lose what it was told.
 */
export function sendOff(socket: Socket, last?: Buffer): void {
  const late = setTimeout(() => socket.destroy(), patience);
  socket.once("close", () => clearTimeout(late));
  socket.resume();
  if (last) socket.end(last);
  else socket.end();
}
