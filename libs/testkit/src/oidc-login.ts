import { createHash, randomBytes } from "node:crypto";

export interface LogIn {
  issuer: string;
  clientId: string;
  redirectUri: string;
  resource: string;
  login: string;
  password: string;
}

/**
 * What a person and their browser do: the authorization-code flow with PKCE (RFC 6749, RFC 7636), the log-in form
 * filled in, the redirect not followed further than the client's own address. Gives the access token.
 */
export async function logIn(person: LogIn): Promise<string> {
  const verifier = randomBytes(32).toString("base64url");
  const state = randomBytes(16).toString("base64url");
  const authorize = new URL(`${person.issuer}/auth`);
  authorize.search = new URLSearchParams({
    client_id: person.clientId,
    redirect_uri: person.redirectUri,
    response_type: "code",
    scope: "openid",
    resource: person.resource,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state,
  }).toString();

  const answer = await browse(authorize, person);
  if (answer.searchParams.get("state") !== state)
    throw new Error("the log-in came back with another state");
  const code = answer.searchParams.get("code");
  if (code === null)
    throw new Error(
      `the log-in was refused: ${answer.searchParams.get("error_description") ?? "?"}`,
    );

  const response = await fetch(`${person.issuer}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: person.clientId,
      redirect_uri: person.redirectUri,
      code,
      code_verifier: verifier,
      resource: person.resource,
    }),
  });
  return await accessToken(response);
}

export async function accessToken(response: Response): Promise<string> {
  const body: unknown = await response.json();
  if (response.ok && typeof body === "object" && body !== null && "access_token" in body) {
    if (typeof body.access_token === "string") return body.access_token;
  }
  throw new Error(`the provider gave no token: ${response.status} ${JSON.stringify(body)}`);
}

/** Follows redirects with cookies, posts the log-in form when it comes, and gives the address it is sent back to. */
async function browse(start: URL, person: LogIn): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = start;
  let form: URLSearchParams | undefined;
  for (let step = 0; step < 10; step++) {
    const response = await fetch(url, {
      redirect: "manual",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(form && { method: "POST", body: form }),
    });
    form = undefined;
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    const page = await response.text();
    const location = response.headers.get("location");
    if (location !== null) {
      url = new URL(location, url);
      if (url.href.startsWith(person.redirectUri)) return url;
    } else if (response.ok) {
      form = new URLSearchParams({ login: person.login, password: person.password });
    } else {
      throw new Error(`the log-in failed: ${response.status} ${page.slice(0, 200)}`);
    }
  }
  throw new Error("the log-in did not come to an end in 10 steps");
}
