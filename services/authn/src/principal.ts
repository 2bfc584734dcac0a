import { createHash } from "node:crypto";
import type { Issuer, Principal } from "@sallyport/contracts";
import { claimAt, isName } from "./claims.ts";

/** A verified token's claims do not say who it is, or in a form that cannot be read. Public text. */
export class UnreadableClaim extends Error {}

const subjectLimit = 400;
const groupLimit = 512;
const delegationLimit = 16;
const claimsLimit = 4096;

/**
 * Who a verified token stands for. Whatever is there but cannot be read is an error, because a policy may forbid
 * what it says.
 * @throws {UnreadableClaim}
 */
export function principalOf(
  name: string,
  issuer: Issuer,
  claims: Readonly<Record<string, unknown>>,
  signingInput: string,
): Principal {
  const subject = claimAt(claims, issuer.subject);
  if (!isName(subject, subjectLimit))
    throw new UnreadableClaim(`claim \`${issuer.subject}\` names nobody`);
  const owner = claimAt(claims, issuer.owner);
  if (owner !== undefined && owner !== null && !isName(owner, subjectLimit))
    throw new UnreadableClaim(`claim \`${issuer.owner}\` names nobody`);
  return {
    id: `${name}#${subject}`,
    issuer: name,
    subject,
    kind: kindOf(issuer, claims),
    groups: groupsOf(name, issuer, claims),
    ...(typeof owner === "string" && { owner: `${name}#${owner}` }),
    delegation: delegationOf(claims),
    token: tokenId(claims, signingInput),
    claims: policyClaims(issuer, claims),
  };
}

function kindOf({ kind }: Issuer, claims: object): Principal["kind"] {
  if (typeof kind === "string") return kind;
  const value = claimAt(claims, kind.claim);
  const values = value === undefined ? [] : [value].flat();
  if (!values.every((one) => typeof one === "string"))
    throw new UnreadableClaim(`claim \`${kind.claim}\` is not text`);
  return values.some((one) => kind.person.includes(one)) ? "person" : "workload";
}

function groupsOf(
  name: string,
  issuer: Issuer,
  claims: Readonly<Record<string, unknown>>,
): string[] {
  const value = claimAt(claims, issuer.groups);
  // OpenID Connect Core 5.6.2: the claim is elsewhere ("distributed"), so its groups are not known here.
  const elsewhere = claims["_claim_names"];
  if (
    typeof elsewhere === "object" &&
    elsewhere !== null &&
    Object.hasOwn(elsewhere, issuer.groups)
  )
    throw new UnreadableClaim(`claim \`${issuer.groups}\` is not in the token`);
  if (value === undefined || value === null) return [];
  const groups: unknown[] = [value].flat();
  if (groups.length > groupLimit || !groups.every((one) => isName(one, subjectLimit)))
    throw new UnreadableClaim(`claim \`${issuer.groups}\` is no list of names`);
  return [...new Set(groups.map((group) => `${name}/${group}`))];
}

/** RFC 8693 section 4.1: the nearest actor first. */
function delegationOf(claims: object): string[] {
  const chain: string[] = [];
  for (let at = claimAt(claims, "act"); at !== undefined; at = claimAt(at, "act")) {
    if (typeof at !== "object" || at === null || chain.length >= delegationLimit)
      throw new UnreadableClaim("claim `act` is no chain of actors");
    const subject = claimAt(at, "sub");
    if (!isName(subject, subjectLimit))
      throw new UnreadableClaim("claim `act` has an actor without a name");
    chain.push(subject);
  }
  return chain;
}

function tokenId(claims: object, signingInput: string): string {
  const id = claimAt(claims, "jti");
  if (isName(id, 256)) return id;
  if (id !== undefined) throw new UnreadableClaim("claim `jti` is not text");
  return createHash("sha256").update(signingInput).digest("hex");
}

function policyClaims(issuer: Issuer, claims: object): Principal["claims"] {
  const wanted: Principal["claims"] = {};
  for (const path of issuer.claims) {
    const value = claimAt(claims, path);
    if (value === undefined || value === null) continue;
    if (typeof value === "string" || typeof value === "boolean") wanted[path] = value;
    else if (typeof value === "number" && Number.isFinite(value)) wanted[path] = value;
    else if (Array.isArray(value) && value.every((one) => typeof one === "string"))
      wanted[path] = value;
    else throw new UnreadableClaim(`claim \`${path}\` is neither a scalar nor a list of texts`);
  }
  if (Buffer.byteLength(JSON.stringify(wanted)) > claimsLimit)
    throw new UnreadableClaim("the claims for policies take more than 4 KiB");
  return wanted;
}
