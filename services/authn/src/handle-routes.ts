import rateLimit from "@fastify/rate-limit";
import type { IssuedHandle } from "@sallyport/contracts";
import { SallyError, type Log } from "@sallyport/runtime";
import type { FastifyInstance } from "fastify";
import type { Acts } from "./acts.ts";
import type { Handles } from "./handles.ts";
import type { Identifying } from "./identifying.ts";

export interface HandleRoutesParts {
  readonly identifying: Identifying;
  readonly handles: Handles;
  readonly acts: Acts;
  readonly log: Log;
}

const perMinute = 120;

/** `POST /v1/handles`, with a token as the bearer and no body: 201 and the token's handle. */
export async function handleRoutes(app: FastifyInstance, parts: HandleRoutesParts): Promise<void> {
  const { identifying, handles, acts, log } = parts;
  await app.register(rateLimit, {
    global: false,
    timeWindow: 60_000,
    errorResponseBuilder: () => new SallyError("too-many-requests"),
  });
  const options = { config: { rateLimit: { max: perMinute } }, bodyLimit: 1024 };
  app.post("/v1/handles", options, async (request, reply): Promise<IssuedHandle> => {
    const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined)
      throw new SallyError("token-missing", {
        detail: "a token belongs in the header `Authorization: Bearer …`",
      });
    const checked = await identifying.token(token, request.ip);
    if (checked.kind === "refused")
      throw new SallyError(checked.code, {
        ...(checked.detail !== undefined && { detail: checked.detail }),
      });
    const { handle, expires } = await handles.issue(token, checked);
    const principal = checked.principal.id;
    acts.note("handle", `of token ${checked.principal.token} from ${request.ip}`, principal);
    log.info({ principal, address: request.ip, expires }, "a handle was given");
    reply.status(201);
    return { handle, principal, expires };
  });
}
