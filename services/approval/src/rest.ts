import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { BucketError } from "@sallyport/bus";
import {
  AnswerRequest,
  HoldId,
  HoldState,
  type HoldList,
  type HoldView,
  type Principal,
} from "@sallyport/contracts";
import { SallyError, type Log } from "@sallyport/runtime";
import type { Desk } from "./desk.ts";
import { personOf, type VerifyToken } from "./person.ts";

export interface RestParts {
  readonly desk: Desk;
  readonly verify: VerifyToken;
  readonly log: Log;
  /** Whether the bus is there. */
  readonly connected: () => boolean;
}

const perMinute = { questions: 600, answers: 240 };
/** An answer and its reason of 2000 characters, however they are escaped. */
const bodyLimit = 32 * 1024;

const State = z.union([HoldState, z.literal("all")]).default("open");

/** The routes under /v1/approvals. Browsers of other origins get nothing: no CORS header is ever sent. */
export async function approvalRoutes(app: FastifyInstance, parts: RestParts): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    timeWindow: 60_000,
    errorResponseBuilder: () => new SallyError("too-many-requests"),
  });
  const limit = (max: number) => ({ config: { rateLimit: { max } } });
  const questions = limit(perMinute.questions);
  app.get("/v1/approvals", questions, (request) => told(list(request, parts), parts));
  app.get("/v1/approvals/:hold", questions, (request) => told(show(request, parts), parts));
  app.post("/v1/approvals/:hold/answer", { ...limit(perMinute.answers), bodyLimit }, (request) =>
    told(answer(request, parts), parts),
  );
}

const who = (request: FastifyRequest, { verify }: RestParts): Promise<Principal> =>
  personOf(request.headers.authorization, request.ip, verify);

async function list(request: FastifyRequest, parts: RestParts): Promise<HoldList> {
  const person = await who(request, parts);
  const { state } = read(z.strictObject({ state: State }), request.query);
  return { approvals: await parts.desk.list(person, state) };
}

async function show(request: FastifyRequest, parts: RestParts): Promise<HoldView> {
  const person = await who(request, parts);
  return parts.desk.show(person, holdOf(request));
}

async function answer(request: FastifyRequest, parts: RestParts): Promise<HoldView> {
  const { desk, log } = parts;
  const person = await who(request, parts);
  const hold = holdOf(request);
  const given = read(AnswerRequest, request.body);
  const said = { hold, principal: person.id, answer: given.answer };
  try {
    const view = await desk.answer(person, hold, given);
    log.info({ ...said, state: view.state }, "a hold was answered");
    return view;
  } catch (error) {
    if (error instanceof SallyError)
      log.warn({ ...said, code: error.code }, "an answer was refused");
    throw error;
  }
}

/** A bus that does not answer is said to be away; every other surprise is the error handler's. */
async function told<T>(work: Promise<T>, { connected }: RestParts): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof BucketError || (!connected() && !(error instanceof SallyError)))
      throw new SallyError("bus-lost", { cause: error });
    throw error;
  }
}

function holdOf(request: FastifyRequest): string {
  const { hold } = read(z.object({ hold: z.string() }), request.params);
  if (!HoldId.safeParse(hold).success)
    throw new SallyError("request-invalid", {
      params: { problem: "a hold's id is 26 characters of a to z and 2 to 7" },
    });
  return hold;
}

function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problem = parsed.error.issues
    .map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message))
    .join("; ");
  throw new SallyError("request-invalid", { params: { problem } });
}
