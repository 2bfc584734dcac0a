import { isIPv6 } from "node:net";

/** `HOST`, `HOST:PORT` or `[IPv6]:PORT`, the port 6432 where none is said; null for what is none of these. */
export function gatewayAddress(text: string): { host: string; port: number } | null {
  const [, bracketed, plain, digits = "6432"] =
    /^(?:\[([\da-f:.]+)\]|([^\s[\]:]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || (bracketed !== undefined && !isIPv6(bracketed))) return null;
  return port >= 1 && port <= 65_535 ? { host, port } : null;
}
