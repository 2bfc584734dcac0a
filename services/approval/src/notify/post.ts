import { request as plain } from "node:http";
import { request as secure } from "node:https";
import type { Receiver } from "./receiver.ts";

/** `again`: whether another attempt makes sense; `after`: the receiver wants none before so many milliseconds. */
export type Outcome =
  | { readonly kind: "delivered" }
  | {
      readonly kind: "failed";
      readonly problem: string;
      readonly again: boolean;
      readonly after: number;
    };

const longestAfter = 3_600_000;

/**
 * Posts JSON once. Redirects are not followed, and of the answer only status and headers are read. Never rejects;
 * a problem names neither the URL nor what came back.
 */
export function post(
  { url, ca, timeout }: Pick<Receiver, "url" | "ca" | "timeout">,
  message: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  ending: AbortSignal,
): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const late = AbortSignal.timeout(timeout);
  const body = Buffer.from(message.body, "utf8");
  const open = url.protocol === "https:" ? secure : plain;
  const sending = open(url, {
    method: "POST",
    agent: false,
    signal: AbortSignal.any([late, ending]),
    headers: {
      ...message.headers,
      "content-type": "application/json",
      "content-length": body.length,
      "user-agent": "sallyport",
    },
    ...(ca !== undefined && { ca }),
  });
  sending.on("response", (response) => {
    const { statusCode = 0, headers } = response;
    resolve(outcomeOf(statusCode, headers["retry-after"]));
    response.destroy();
  });
  sending.on("error", (error: NodeJS.ErrnoException) => {
    if (late.aborted) resolve(failed(`no answer within ${timeout} ms`));
    else if (ending.aborted) resolve(failed("the process that sent it ended"));
    else resolve(failed(`cannot be reached: ${error.code ?? error.name}`));
  });
  // What switches to another protocol is neither an answer nor an error; nor does anything follow a close.
  sending.on("close", () => resolve(failed("closes the connection without an answer")));
  sending.end(body);
  return promise;
}

function outcomeOf(status: number, retryAfter: string | undefined): Outcome {
  if (status >= 200 && status < 300) return { kind: "delivered" };
  if (status >= 300 && status < 400) return failed(`answers ${status}; redirects are not followed`);
  // Standard Webhooks: a receiver that is gone wants no more.
  if (status === 410) return { ...failed("answers 410: it is gone"), again: false };
  const after = /^\d{1,9}$/.test(retryAfter ?? "") ? Number(retryAfter) * 1000 : 0;
  return { ...failed(`answers ${status}`), after: Math.min(after, longestAfter) };
}

const failed = (problem: string) =>
  ({ kind: "failed", problem, again: true, after: 0 }) as const satisfies Outcome;
