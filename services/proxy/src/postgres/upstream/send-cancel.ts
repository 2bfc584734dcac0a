import { once } from "node:events";
import { toTarget } from "@sallyport/pgwire";
import { dial, type TargetAddress } from "./dial.ts";
import { TargetError } from "./target-error.ts";

/**
 * Asks the target to cancel what the session `pid` runs, over a connection of its own, secured as the
 * session is. Done when the target has closed it, which says nothing about whether anything was
 * cancelled. @throws TargetError
 */
export async function sendCancel(
  target: TargetAddress,
  pid: number,
  key: Buffer,
  deadline: AbortSignal,
): Promise<void> {
  const { socket } = await dial(target, deadline, () => undefined);
  try {
    const closed = once(socket, "close", { signal: deadline });
    socket.write(toTarget.cancelRequest(pid, key));
    await closed;
  } catch (cause) {
    throw new TargetError("target-deadline", "the target did not close the connection", { cause });
  } finally {
    socket.destroy();
  }
}
