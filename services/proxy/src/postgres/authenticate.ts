import {
  bearerChallenge,
  oauthBearer,
  parseBearerResponse,
  parsePassword,
  parseSaslInitialResponse,
  parseSaslResponse,
  ProtocolError,
  toClient,
} from "@sallyport/pgwire";
import { isHandle } from "@sallyport/contracts";
import { SallyError } from "@sallyport/runtime";
import type { ClientLine } from "./log-in.ts";

/** Who logs in by OAUTHBEARER, and where they are sent for a token. */
export interface OAuthOffer {
  /** `*` is everybody. */
  readonly users: readonly string[];
  readonly scope: string;
  /** URL of the issuer's discovery document. */
  readonly configuration: string;
}

/** What a client gave to say who it is: a token, or a handle that stands for one. */
export interface Presented {
  readonly credential: string;
  /** For the record. */
  readonly form: "password" | "handle" | "oauthbearer";
  /** Tells the client, in the mechanism's own words, that another token is needed. */
  readonly askForAnother: () => Promise<void>;
}

/** Characters; sealed and in base64 it must fit into its message. */
const longestCredential = 32 * 1024;

/**
 * Takes a client's credential: by OAUTHBEARER where the user's name asks for that, else as the password. It may be
 * empty, when the client asks where to get one.
 * @throws LogInEnded, ProtocolError or SallyError
 */
export async function presented(
  line: ClientLine,
  user: string,
  offer: OAuthOffer | null,
): Promise<Presented> {
  const wanted = offer !== null && (offer.users.includes(user) || offer.users.includes("*"));
  const given = wanted ? await byOAuth(line, offer) : await byPassword(line);
  if (given.credential.length > longestCredential) throw new SallyError("token-unreadable");
  return given;
}

async function byPassword(line: ClientLine): Promise<Presented> {
  line.say(toClient.authenticationCleartextPassword);
  const credential = parsePassword(await line.authenticationMessage("a password"));
  if (credential === "") throw new SallyError("token-missing");
  return {
    credential,
    form: isHandle(credential) ? "handle" : "password",
    askForAnother: () => Promise.resolve(),
  };
}

/** RFC 7628 within SASL of PostgreSQL's protocol (PostgreSQL 18, 54.3.2). */
async function byOAuth(line: ClientLine, offer: OAuthOffer): Promise<Presented> {
  line.say(toClient.authenticationSasl([oauthBearer]));
  const first = parseSaslInitialResponse(await line.authenticationMessage("a SASL mechanism"));
  if (first.mechanism !== oauthBearer)
    throw new ProtocolError("message-value", "a SASL mechanism was chosen that was not offered");
  let { data } = first;
  if (data === null) {
    line.say(toClient.authenticationSaslContinue(Buffer.alloc(0)));
    data = parseSaslResponse(await line.authenticationMessage("an initial response"));
  }
  const response = parseBearerResponse(data);
  const askForAnother = async (): Promise<void> => {
    line.say(toClient.authenticationSaslContinue(bearerChallenge(offer)));
    // It says one byte 1, or leaves; it is refused in any case (RFC 7628, 3.2.3).
    await line.authenticationMessage("a SASL response").catch(() => undefined);
  };
  if (response.kind === "token")
    return { credential: response.token, form: "oauthbearer", askForAnother };
  await askForAnother();
  throw new SallyError(response.kind === "discovery" ? "token-missing" : "token-unreadable");
}
