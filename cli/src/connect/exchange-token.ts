import { IssuedHandle } from "@sallyport/contracts";
import { askService, serviceBase } from "../ask-service.ts";

/** A token's short handle, by one call to authn. @throws CliError */
export const exchangeToken = (url: string, token: string): Promise<IssuedHandle> =>
  askService({
    base: serviceBase(url),
    service: "authn",
    method: "POST",
    path: "v1/handles",
    token,
    schema: IssuedHandle,
    unanswered:
      "does it run, and is it reachable from here? Clients ask authn for handles (`listen.authn`)",
  });
