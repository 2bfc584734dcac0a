import type { Config } from "@sallyport/contracts";
import type { OAuthOffer } from "./authenticate.ts";

/**
 * What the config offers by OAUTHBEARER. It is offered wherever passwords are taken: over TLS, and on a loopback
 * listener with `tls: off`.
 */
export function oauthOffer({ listen, identity }: Config): OAuthOffer | null {
  const { oauth } = listen.postgres;
  if (oauth === "off") return null;
  const names = Object.keys(identity.issuers);
  const issuer = identity.issuers[oauth.issuer ?? names[0] ?? ""];
  if (issuer === undefined) return null;
  return {
    users: oauth.users,
    scope: oauth.scope,
    configuration: `${issuer.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
  };
}
