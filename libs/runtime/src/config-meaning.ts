import { Approvals, Config, Connection, Issuer, S3Archive } from "@sallyport/contracts";
import type { z } from "zod";
import type { ConfigMistake } from "./config-errors.ts";
import type { ConfigPath, Places } from "./config-places.ts";
import { approvalMistakes, connectionMistakes } from "./config-names.ts";
import { listenerMistakes } from "./config-listeners.ts";
import { pathMistake } from "./config-paths.ts";
import { telemetryMistakes } from "./config-telemetry.ts";
import { isLoopback } from "./loopback.ts";

/** A mistake before it has a place: of a value, or of a map's key. */
export interface Finding {
  readonly path: ConfigPath;
  /** When it is the key's own mistake. */
  readonly key?: string;
  readonly message: string;
  readonly hint?: string;
}

/**
 * What the schema cannot say: files that must be there, listeners, names that must fit each other. The parts of the
 * file that keep the schema are looked at, whatever the others are like, so that all mistakes come at once.
 */
export function checkMeaning(value: unknown, places: Places, directory: string): ConfigMistake[] {
  const findings: Finding[] = [];
  const part = (key: string): unknown => mapOf(value)[key];

  const issuers = mapOf(mapOf(part("identity"))["issuers"]);
  const listen = read(Config.shape.listen, part("listen"));
  if (listen) findings.push(...listenerMistakes(listen, directory, Object.keys(issuers)));

  const nats = read(Config.shape.nats, part("nats"));
  if (nats) {
    for (const [index, server] of nats.servers.entries()) {
      if (!/^(nats|tls):\/\/[^\s/@]+:\d{1,5}$/.test(server))
        findings.push({
          path: ["nats", "servers", index],
          message: `\`${server}\` is no address of a NATS server`,
          hint: "it takes `nats://HOST:PORT` or `tls://HOST:PORT`, without a user",
        });
    }
    findings.push(...pathMistake(directory, nats.credentials, ["nats", "credentials"], "folder"));
  }

  const keys = read(Config.shape.keys, part("keys"));
  if (keys)
    findings.push(...pathMistake(directory, keys.directory, ["keys", "directory"], "folder"));

  findings.push(...issuerMistakes(issuers));

  // INVARIANT (I5): with a bus of its own, each service may run elsewhere, and only workers have the targets' passwords.
  const dialsHere = part("nats") === undefined;
  for (const [name, entry] of Object.entries(mapOf(part("connections")))) {
    const connection = read(Connection, entry);
    if (connection)
      findings.push(...connectionMistakes(name, connection, { directory, dialsHere }));
  }

  const policies = read(Config.shape.policies, part("policies"));
  if (policies) {
    const path = typeof part("policies") === "string" ? ["policies"] : ["policies", "directory"];
    findings.push(...pathMistake(directory, policies.directory, path, "folder"));
  }

  const approvals = read(Approvals, part("approvals") ?? {});
  if (approvals) findings.push(...approvalMistakes(approvals, Object.keys(issuers)));

  findings.push(...archiveMistakes(mapOf(part("archive"))));

  const telemetry = read(Config.shape.telemetry, part("telemetry"));
  if (telemetry) findings.push(...telemetryMistakes(telemetry, directory));

  return findings.map(({ path, key, message, hint }) => ({
    ...(key === undefined ? places.value(path) : places.key(path, key)),
    message,
    ...(hint !== undefined && { hint }),
  }));
}

function issuerMistakes(entries: Readonly<Record<string, unknown>>): Finding[] {
  const findings: Finding[] = [];
  const known = new Map<string, string>();
  for (const [name, entry] of Object.entries(entries)) {
    const issuer = read(Issuer, entry);
    if (!issuer) continue;
    const path = ["identity", "issuers", name, "issuer"];
    const url = new URL(issuer.issuer);
    if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname)))
      findings.push({
        path,
        message: `\`${issuer.issuer}\` is not reached over https`,
        hint: "plain http is for loopback only",
      });
    if (url.search !== "" || url.hash !== "")
      findings.push({
        path,
        message: `\`${issuer.issuer}\` has a query or a fragment`,
        hint: "an issuer is a URL without them, as the tokens' iss claim writes it",
      });
    const twin = known.get(issuer.issuer);
    if (twin !== undefined)
      findings.push({
        path,
        message: `issuers \`${twin}\` and \`${name}\` are the same URL`,
        hint: "a token must belong to one of them",
      });
    known.set(issuer.issuer, name);
  }
  return findings;
}

function archiveMistakes(archive: Readonly<Record<string, unknown>>): Finding[] {
  const findings: Finding[] = [];
  const s3 = read(S3Archive, archive["s3"]);
  if (archive["s3"] !== undefined && archive["directory"] !== undefined)
    findings.push({
      path: ["archive"],
      key: "directory",
      message: "`archive` has a directory and a bucket",
      hint: "evidence lies in one place: give `directory` or `s3`",
    });
  const { endpoint } = s3 ?? {};
  const url = endpoint === undefined ? null : new URL(endpoint);
  if (url?.protocol === "http:" && !isLoopback(url.hostname))
    findings.push({
      path: ["archive", "s3", "endpoint"],
      message: `\`${endpoint}\` is not reached over https`,
      hint: "plain http is for loopback only",
    });
  return findings;
}

function read<T extends z.ZodType>(schema: T, value: unknown): z.output<T> | undefined {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

const mapOf = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
