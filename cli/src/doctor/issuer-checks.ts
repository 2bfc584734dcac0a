import type { LoadedConfig } from "@sallyport/runtime";
import { z } from "zod";
import { fail, ok, reason, type Check } from "./check.ts";
import type { Clocks } from "./clocks.ts";

const Discovery = z.looseObject({ issuer: z.string(), jwks_uri: z.url() });
const Keys = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** Reads each issuer's discovery document and keys, as authn does. */
export async function issuerChecks({ config }: LoadedConfig, clocks: Clocks): Promise<Check[]> {
  return Promise.all(
    Object.entries(config.identity.issuers).map(async ([name, { issuer }]) => {
      const about = `issuer ${name}`;
      try {
        const place = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
        const discovery = Discovery.parse(
          await json(place, (...times) => clocks.saw(about, ...times)),
        );
        if (discovery.issuer !== issuer)
          return fail(
            about,
            `calls itself \`${discovery.issuer}\``,
            `write it so under identity.issuers.${name}.issuer`,
          );
        const { keys } = Keys.parse(await json(discovery.jwks_uri));
        return ok(about, `publishes ${keys.length} key${keys.length === 1 ? "" : "s"}`);
      } catch (error) {
        return fail(
          about,
          `${issuer}: ${reason(error)}`,
          "tokens whose key is not cached are refused until it answers",
        );
      }
    }),
  );
}

/** `onTime`: what the answer's Date says (its second's middle), and when it was asked and answered, in ms. */
async function json(
  url: string,
  onTime: (time: number, asked: number, answered: number) => void = () => undefined,
): Promise<unknown> {
  const asked = Date.now();
  const answer = await fetch(url, { signal: AbortSignal.timeout(5000), redirect: "error" });
  onTime(Date.parse(answer.headers.get("date") ?? "") + 500, asked, Date.now());
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return answer.json();
}
