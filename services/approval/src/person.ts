import type { Principal, Verified } from "@sallyport/contracts";
import { isErrorCode, SallyError } from "@sallyport/runtime";

/** Asks authn whose a token is; rejects when nobody answers. */
export type VerifyToken = (token: string, address: string) => Promise<Verified>;

/**
 * The person whose bearer token this is; a workload is refused. The token is kept nowhere.
 * @throws SallyError saying why not
 */
export async function personOf(
  authorization: string | undefined,
  address: string,
  verify: VerifyToken,
): Promise<Principal> {
  const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined)
    throw new SallyError("token-missing", {
      detail: "a person's token belongs in the header `Authorization: Bearer …`",
    });
  const verified = await verify(token, address);
  if (verified.type === "unverified")
    throw new SallyError(isErrorCode(verified.code) ? verified.code : "token-refused");
  if (verified.principal.kind !== "person") throw new SallyError("person-required");
  return verified.principal;
}
