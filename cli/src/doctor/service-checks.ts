import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import {
  tlsFilesOf,
  type ClusterFile,
  type ListenerName,
  type LoadedConfig,
} from "@sallyport/runtime";
import { z } from "zod";
import { fail, ok, reason, warn, type Check } from "./check.ts";

const Page = z.looseObject({
  ready: z.boolean(),
  alarms: z.record(z.string(), z.number()).default({}),
});

/** Asks each service that `sally up` started from this data directory for its health. */
export async function serviceChecks(cluster: ClusterFile | null): Promise<Check[]> {
  if (!cluster)
    return [
      warn(
        "services",
        "no `sally up` has run from this data directory",
        "name another with --data",
      ),
    ];
  const pages = Object.entries({ ...cluster.http, ...cluster.workers });
  const found = await Promise.all(pages.map(([name, url]) => serviceCheck(name, url)));
  if (cluster.postgres !== undefined) found.push(await listenerCheck(cluster.postgres));
  return found;
}

async function serviceCheck(name: string, url: string): Promise<Check> {
  const about = `service ${name}`;
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3000) });
    const { ready, alarms, ...details } = Page.parse(await answer.json());
    if (!ready)
      return fail(about, `does not serve: ${JSON.stringify(details)}`, "its log says more");
    const raised = Object.entries(alarms).map(([code, count]) => `${code} ${count} times`);
    if (raised.length > 0)
      return warn(
        about,
        `serves, but raised alarms: ${raised.join(", ")}`,
        "look for `alarm` in its log",
      );
    return ok(about, `serves on ${url}`);
  } catch (error) {
    return fail(about, `does not answer on ${url} (${reason(error)})`, "is `sally up` running?");
  }
}

/** SSLRequest, answered by one byte: `S` or `N`. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

function listenerCheck(address: string): Promise<Check> {
  const about = "listener postgres";
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(colon + 1)), timeout: 3000 });
    const done = (check: Check): void => {
      socket.destroy();
      resolve(check);
    };
    const nobody = (why: string): void =>
      done(fail(about, `nobody answers on ${address} (${why})`, "see the workers' logs"));
    socket.once("connect", () => socket.write(sslRequest));
    socket.once("data", (data) =>
      done(
        data[0] === 0x53
          ? ok(about, `answers on ${address}, with TLS`)
          : ok(about, `answers on ${address}, without TLS`),
      ),
    );
    socket.once("timeout", () => nobody("timeout"));
    socket.once("close", () => nobody("closed"));
    socket.once("error", (error) => nobody(reason(error)));
  });
}

const day = 86_400_000;

/** How long the certificates of the listeners are good for. */
export function certificateChecks(loaded: LoadedConfig, data: string, now: number): Check[] {
  const names = Object.keys(loaded.config.listen) as ListenerName[];
  return names.flatMap((name) => {
    const files = tlsFilesOf({ config: loaded, data }, name);
    if (!files) return [];
    const about = `certificate ${name}`;
    const renew =
      loaded.config.listen[name].tls === "self-signed"
        ? "start `sally up` again: it makes a new one"
        : `replace ${files.cert}: the listener takes the new one by itself`;
    try {
      const certificate = new X509Certificate(readFileSync(files.cert));
      const left = certificate.validToDate.getTime() - now;
      const until = `valid until ${certificate.validToDate.toISOString()}`;
      if (left <= 0)
        return [fail(about, `expired ${certificate.validToDate.toISOString()}`, renew)];
      return [left < 14 * day ? warn(about, until, renew) : ok(about, until)];
    } catch (error) {
      return [fail(about, reason(error), renew)];
    }
  });
}
