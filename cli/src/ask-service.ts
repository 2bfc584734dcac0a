import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { addressText, isLoopback, listenerOf, readCluster, tlsFilesOf } from "@sallyport/runtime";
import { z } from "zod";
import { CliError } from "./cli-error.ts";
import type { CliContext } from "./context.ts";
import { visible } from "./terminal-text.ts";

/** Milliseconds; a service itself gives its neighbours less. */
const patience = 15_000;

const Refusal = z.object({
  code: z.string(),
  message: z.string(),
  detail: z.string().optional(),
  hint: z.string().optional(),
});

export interface Question<T> {
  /** The service's address, as `serviceBase` gave it. */
  readonly base: URL;
  readonly service: "approval" | "authn";
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly token: string;
  readonly schema: z.ZodType<T>;
  readonly body?: object | undefined;
  /** What to do when nothing is known of the answer. */
  readonly unanswered: string;
}

/** A service's URL; a token goes over plain HTTP to loopback only. @throws CliError */
export function serviceBase(url: string): URL {
  if (!URL.canParse(url))
    throw new CliError(`\`${url}\` is no address such as \`https://sallyport.example.com:6471\``, {
      exitCode: 2,
    });
  const base = new URL(url);
  const host = base.hostname.replace(/^\[|\]$/g, "");
  if (base.protocol !== "https:" && !(base.protocol === "http:" && isLoopback(host)))
    throw new CliError(`\`${url}\` would take your token without TLS`, {
      hint: "give an address that begins with https://",
    });
  return base;
}

/** Asks a service's REST with one token. @throws CliError that says why it was refused */
export async function askService<T>(question: Question<T>): Promise<T> {
  const { base, service, method, path, token, schema, body, unanswered } = question;
  let ok: boolean;
  let answer: unknown;
  try {
    const response = await fetch(new URL(path, base), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { "content-type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
      redirect: "error",
      signal: AbortSignal.timeout(patience),
    });
    ok = response.ok;
    answer = await response.json();
  } catch (cause) {
    throw new CliError(`${service} cannot be reached at ${base.origin}`, {
      hint: unanswered,
      cause,
    });
  }
  const parsed = schema.safeParse(answer);
  if (ok && parsed.success) return parsed.data;
  const refusal = Refusal.safeParse(answer);
  if (!refusal.success) throw new CliError(`what answers at ${base.origin} is not ${service}`);
  const { message, detail, hint } = refusal.data;
  throw new CliError(visible(detail === undefined ? message : `${message}; ${detail}`), {
    ...(hint !== undefined && { hint: visible(hint) }),
  });
}

/** Where a service is: what `sally up` left in the data directory, else what the config says. */
export function serviceUrl(context: CliContext, service: "approval" | "authn"): string {
  const running = readCluster(context.data)?.http[service];
  const config = context.config();
  const tls = tlsFilesOf({ config, data: context.data }, service);
  if (tls) trust(readFileSync(tls.cert, "utf8"));
  if (running !== undefined) return running;
  const { address } = listenerOf({ config, data: context.data }, service);
  if (address.port === 0)
    throw new CliError(`the config gives ${service} no fixed port, and nothing runs from here`, {
      hint: "start `sally up`, or name the address with --url",
    });
  return `${tls ? "https" : "http"}://${addressText(address)}`;
}

/** A listener's certificate, or its authority, that no public authority may have signed. */
export function trust(certificate: string): void {
  setDefaultCACertificates([...getCACertificates("default"), certificate]);
}
