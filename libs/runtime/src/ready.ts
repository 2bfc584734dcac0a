import { z } from "zod";

/** What a service tells `sally up` over the IPC channel when it serves. Addresses are `host:port`. */
export const Ready = z.strictObject({
  type: z.literal("ready"),
  service: z.enum(["authn", "policy", "approval", "recorder", "proxy"]),
  name: z.string().optional(),
  listen: z.record(z.string(), z.string()),
});
export type Ready = z.infer<typeof Ready>;

/** Tells the parent, if there is one that listens. */
export function sayReady(ready: Omit<Ready, "type">): void {
  process.send?.({ type: "ready", ...ready });
}

/** `127.0.0.1:6471`, `[::1]:6471`. */
export const addressText = ({ host, port }: { host: string; port: number }): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
