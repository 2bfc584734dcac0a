import type { Socket } from "node:net";

/**
 * What a socket that does not flow has, or what comes next; null when it has ended or `deadline` aborts. Leaves no
 * listener, and the socket not flowing.
 */
export function nextBytes(socket: Socket, deadline: AbortSignal): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const settle = (bytes: Buffer | null) => {
      socket.off("readable", look).off("end", ended).off("close", ended);
      deadline.removeEventListener("abort", ended);
      resolve(bytes);
    };
    const ended = () => settle(null);
    const look = () => {
      const bytes: unknown = socket.read();
      if (Buffer.isBuffer(bytes)) settle(bytes);
    };
    if (deadline.aborted || socket.destroyed || socket.readableEnded) return ended();
    socket.on("readable", look).on("end", ended).on("close", ended);
    deadline.addEventListener("abort", ended, { once: true });
    look();
  });
}
