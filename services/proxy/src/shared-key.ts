import type { Bus } from "@sallyport/bus";
import { hearPeers } from "./peers.ts";

/** Milliseconds: what is heard only for so long may be the last word of the process before this one. */
const settled = 2000;
/** Milliseconds between two alarms. */
const again = 60_000;
const mostRemembered = 16;

/**
 * Raises an alarm while another process uses this worker's key: its sessions are served, but who tells workers apart by
 * their names (orders, telemetry, the list of workers) does not know of two.
 */
export function watchForSharedKey(bus: Bus): void {
  const heard = new Map<string, number>();
  let raised = Number.NEGATIVE_INFINITY;
  hearPeers(bus, ({ from }, by) => {
    if (from !== bus.user) return;
    const now = performance.now();
    const since = heard.get(by);
    if (since === undefined) {
      if (heard.size >= mostRemembered) heard.clear();
      heard.set(by, now);
    } else if (now - since >= settled && now - raised >= again) {
      raised = now;
      bus.alarms.raise("key-shared", "another process serves with this worker's key", {
        worker: from,
      });
    }
  });
}
