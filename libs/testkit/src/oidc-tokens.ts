import { accessToken, logIn } from "./oidc-login.ts";

/** What the tokens are for, as RFC 8707 names it. */
export const resource = "urn:sallyport:gateway";
/** The client with which people log in. */
export const loginClient = "people";
export const redirectUri = "http://127.0.0.1/signed-in";

/** An access token for a job, by client credentials. */
export async function jobToken(issuer: string, client: string, secret: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", resource }),
  });
  return await accessToken(response);
}

/** An access token for a person, by a scripted log-in (authorization code). */
export const personToken = (issuer: string, login: string, password: string): Promise<string> =>
  logIn({ issuer, clientId: loginClient, redirectUri, resource, login, password });
