import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { tlsFilesOf, type ListenerName, type LoadedConfig } from "@sallyport/runtime";
import { fail, ok, reason, warn, type Check } from "./check.ts";

const day = 86_400_000;

/** How long the certificates of the listeners are good for. */
export function certificateChecks(loaded: LoadedConfig, data: string, now: number): Check[] {
  const names = Object.keys(loaded.config.listen) as ListenerName[];
  return names.flatMap((name) => {
    const files = tlsFilesOf({ config: loaded, data }, name);
    if (!files) return [];
    const about = `certificate ${name}`;
    const selfSigned = loaded.config.listen[name].tls === "self-signed";
    if (selfSigned && !existsSync(files.cert))
      return [
        warn(
          about,
          "not made here",
          "`sally up` makes one in the data directory of the machine that listens",
        ),
      ];
    const renew = selfSigned
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
