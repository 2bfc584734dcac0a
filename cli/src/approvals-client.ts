import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { HoldList, HoldView, type AnswerRequest } from "@sallyport/contracts";
import { addressText, isLoopback, listenerOf, readCluster, tlsFilesOf } from "@sallyport/runtime";
import { z } from "zod";
import { CliError } from "./cli-error.ts";
import type { CliContext } from "./context.ts";
import { visible } from "./terminal-text.ts";

/** Milliseconds; approval itself gives its neighbours less. */
const patience = 15_000;

const Refusal = z.object({
  code: z.string(),
  message: z.string(),
  detail: z.string().optional(),
  hint: z.string().optional(),
});

/** Approval's REST, with one person's token. Every method throws a CliError that says why it was refused. */
export class ApprovalsClient {
  readonly #base: URL;
  readonly #token: string;

  /** `base`: approval's URL; a token goes over plain HTTP to loopback only. */
  constructor(base: string, token: string) {
    this.#base = new URL(base);
    this.#token = token;
    const host = this.#base.hostname.replace(/^\[|\]$/g, "");
    if (this.#base.protocol !== "https:" && !isLoopback(host))
      throw new CliError(`\`${base}\` would take your token without TLS`, {
        hint: "give an address that begins with https://",
      });
  }

  async list(state: string): Promise<HoldView[]> {
    const { approvals } = await this.#ask(`v1/approvals?state=${state}`, HoldList);
    return approvals;
  }

  show(hold: string): Promise<HoldView> {
    return this.#ask(`v1/approvals/${hold}`, HoldView);
  }

  answer(hold: string, answer: AnswerRequest): Promise<HoldView> {
    return this.#ask(`v1/approvals/${hold}/answer`, HoldView, answer);
  }

  async #ask<T>(path: string, schema: z.ZodType<T>, body?: object): Promise<T> {
    let status: number;
    let answer: unknown;
    try {
      const response = await fetch(new URL(path, this.#base), {
        method: body ? "POST" : "GET",
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body && { "content-type": "application/json" }),
        },
        ...(body && { body: JSON.stringify(body) }),
        redirect: "error",
        signal: AbortSignal.timeout(patience),
      });
      status = response.status;
      answer = await response.json();
    } catch (cause) {
      throw new CliError(`approval cannot be reached at ${this.#base.origin}`, {
        hint: body
          ? "whether your answer counts is not known: look with `sally approvals show`"
          : "does it run? An operator may run `sally doctor`",
        cause,
      });
    }
    const parsed = schema.safeParse(answer);
    if (status === 200 && parsed.success) return parsed.data;
    throw refusalOf(answer, this.#base);
  }
}

function refusalOf(answer: unknown, base: URL): CliError {
  const refusal = Refusal.safeParse(answer);
  if (!refusal.success) return new CliError(`what answers at ${base.origin} is not approval`);
  const { message, detail, hint } = refusal.data;
  return new CliError(visible(detail === undefined ? message : `${message}; ${detail}`), {
    ...(hint !== undefined && { hint: visible(hint) }),
  });
}

/** Where approval is: what `sally up` left in the data directory, else what the config says. */
export function approvalUrl(context: CliContext): string {
  const running = readCluster(context.data)?.http["approval"];
  const config = context.config();
  const tls = tlsFilesOf({ config, data: context.data }, "approval");
  if (tls) trust(readFileSync(tls.cert, "utf8"));
  if (running !== undefined) return running;
  const { address } = listenerOf({ config, data: context.data }, "approval");
  if (address.port === 0)
    throw new CliError("the config gives approval no fixed port, and nothing runs from here", {
      hint: "start `sally up`, or name the address with --url",
    });
  return `${tls ? "https" : "http"}://${addressText(address)}`;
}

/** The listener's own certificate, which no public authority may have signed. */
function trust(certificate: string): void {
  setDefaultCACertificates([...getCACertificates("default"), certificate]);
}
