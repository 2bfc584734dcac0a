import { HoldList, HoldView, type AnswerRequest } from "@sallyport/contracts";
import type { z } from "zod";
import { askService, serviceBase } from "./ask-service.ts";

/** Approval's REST, with one person's token. Every method throws a CliError that says why it was refused. */
export class ApprovalsClient {
  readonly #base: URL;
  readonly #token: string;

  /** `base`: approval's URL. */
  constructor(base: string, token: string) {
    this.#base = serviceBase(base);
    this.#token = token;
  }

  async list(state: string): Promise<HoldView[]> {
    const { approvals } = await this.#ask(`v1/approvals?state=${state}`, HoldList);
    return approvals;
  }

  show(hold: string): Promise<HoldView> {
    return this.#ask(`v1/approvals/${hold}`, HoldView);
  }

  answer(hold: string, answer: AnswerRequest): Promise<HoldView> {
    return this.#ask(`v1/approvals/${hold}/answer`, HoldView, answer);
  }

  #ask<T>(path: string, schema: z.ZodType<T>, body?: object): Promise<T> {
    return askService({
      base: this.#base,
      service: "approval",
      method: body ? "POST" : "GET",
      path,
      token: this.#token,
      schema,
      body,
      unanswered: body
        ? "whether your answer counts is not known: look with `sally approvals show`"
        : "does it run? An operator may run `sally doctor`",
    });
  }
}
