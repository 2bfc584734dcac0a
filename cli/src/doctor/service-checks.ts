import { connect } from "node:net";
import { request as plain } from "node:http";
import { request as secure } from "node:https";
import { text } from "node:stream/consumers";
import type { ClusterFile } from "@sallyport/runtime";
import { z } from "zod";
import { fail, ok, reason, warn, type Check } from "./check.ts";
import type { Clocks } from "./clocks.ts";

const Page = z.looseObject({
  ready: z.boolean(),
  alarms: z.record(z.string(), z.number()).default({}),
  time: z.string().default(""),
  webhooks: z
    .record(
      z.string(),
      z.looseObject({
        undelivered: z.number(),
        abandoned: z.number(),
        lastFailure: z.object({ problem: z.string() }).nullable(),
      }),
    )
    .default({}),
  operatorKey: z.string().default("watched"),
  /** Policy's. */
  bundle: z
    .looseObject({
      refused: z
        .object({ revision: z.number(), mistakes: z.array(z.string()) })
        .nullable()
        .default(null),
    })
    .optional()
    .catch(undefined),
});

/** Asks each service that `sally up` started from this data directory for its health. */
export async function serviceChecks(cluster: ClusterFile | null, clocks: Clocks): Promise<Check[]> {
  if (!cluster)
    return [
      warn(
        "services",
        "no `sally up` has run from this data directory",
        "name another with --data",
      ),
    ];
  const pages = Object.entries({ ...cluster.http, ...cluster.workers });
  const found = await Promise.all(pages.map(([name, url]) => serviceCheck(name, url, clocks)));
  if (cluster.postgres !== undefined) found.push(await listenerCheck(cluster.postgres));
  return found;
}

async function serviceCheck(name: string, url: string, clocks: Clocks): Promise<Check> {
  const about = `service ${name}`;
  try {
    const asked = Date.now();
    const page = await readPage(`${url}/readyz`);
    clocks.saw(about, Date.parse(Page.parse(page).time), asked, Date.now());
    const problem = serviceProblem(page);
    if (problem === null) return ok(about, `serves on ${url}`);
    return (problem.serves ? warn : fail)(about, problem.found, problem.todo);
  } catch (error) {
    return fail(about, `does not answer on ${url} (${reason(error)})`, "is `sally up` running?");
  }
}

/** What a service's `/readyz` tells that an operator should look at. */
export function serviceProblem(
  page: unknown,
): { readonly serves: boolean; readonly found: string; readonly todo: string } | null {
  const { ready, alarms, webhooks, operatorKey, time: _time, ...details } = Page.parse(page);
  if (!ready)
    return {
      serves: false,
      found: `does not serve: ${JSON.stringify(details)}`,
      todo: "its log says more",
    };
  const refused = details.bundle?.refused ?? null;
  if (refused !== null)
    return {
      serves: true,
      found: `refuses revision ${refused.revision} of the bundle, and those before it stay in force: ${refused.mistakes.join("; ")}`,
      todo: "run `sally policy check`, mend the policies, and `sally apply`",
    };
  if (alarms["key-shared"] !== undefined)
    return {
      serves: true,
      found: "serves, but another process serves with the same key of the bus",
      todo: "give each worker a key of its own (infra/nats/), and start it anew with that",
    };
  const raised = Object.entries(alarms).map(([code, count]) => `${code} ${count} times`);
  if (raised.length > 0)
    return {
      serves: true,
      found: `serves, but raised alarms: ${raised.join(", ")}`,
      todo: "look for `alarm` in its log",
    };
  const untold = Object.entries(webhooks)
    .filter(([, { undelivered, abandoned }]) => undelivered + abandoned > 0)
    .map(([name, { undelivered, abandoned, lastFailure }]) => {
      const events = (count: number): string => `${count} event${count === 1 ? "" : "s"}`;
      const what = [
        ...(undelivered > 0 ? [`was not told ${events(undelivered)}`] : []),
        ...(abandoned > 0 ? [`is told no more of ${events(abandoned)}`] : []),
      ].join(" and ");
      return `webhook ${name} ${what}${lastFailure === null ? "" : ` (${lastFailure.problem})`}`;
    });
  if (untold.length > 0)
    return {
      serves: true,
      found: `serves, but ${untold.join("; ")}`,
      todo: "see whether its receiver runs, and takes the signature",
    };
  if (operatorKey !== "watched")
    return {
      serves: true,
      found: "serves, but does not see who uses the operator's key",
      todo: "give nats-server and authn the user `witness` (infra/nats/)",
    };
  return null;
}

/** Whose certificate it is, the checks of certificates say; nothing secret is asked or told. */
function readPage(url: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(3000);
    const open = url.startsWith("https:") ? secure : plain;
    const asking = open(url, { signal, rejectUnauthorized: false }, (answer) => {
      text(answer)
        .then((body) => resolve(JSON.parse(body)), reject)
        .catch(reject);
    });
    asking.on("error", reject);
    asking.end();
  });
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
