import { setTimeout as delay } from "node:timers/promises";
import { HoldList } from "@sallyport/contracts";
import type { Deployed } from "./deployed.ts";
import { statementKey } from "./statement-key.ts";
import type { Tales } from "./tales.ts";

/** What is answered to a held statement, by its number: one in four is denied. */
export const answerTo = (key: number): "approve" | "deny" => (key % 4 === 0 ? "deny" : "approve");

/** Who answers, as evidence names her. */
export const approverId = "corp#alice";

/** alice, who looks for open holds at every approval service and answers each as `answerTo` says. */
export class Approver {
  readonly #deployment: Deployed;
  readonly #tales: Tales;
  readonly #working: Promise<void>;
  #stopped = false;

  constructor(deployment: Deployed, tales: Tales) {
    this.#deployment = deployment;
    this.#tales = tales;
    this.#working = this.#work();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      // What a service that is away was not told is open the next time.
      for (const base of this.#deployment.approvals)
        await this.#answer(base).catch(() => undefined);
      await delay(250);
    }
  }

  async #answer(base: string): Promise<void> {
    const { approvals } = HoldList.parse(await this.#ask(`${base}/v1/approvals?state=open`));
    for (const { hold, command } of approvals) {
      const key = statementKey(command);
      if (key === undefined) continue;
      const answer = answerTo(key);
      await this.#ask(`${base}/v1/approvals/${hold}/answer`, { answer, reason: "as agreed" });
      this.#tales.answers.set(key, answer);
    }
  }

  async #ask(url: string, body?: object): Promise<unknown> {
    const answer = await fetch(url, {
      headers: {
        authorization: `Bearer ${await this.#deployment.token("alice")}`,
        ...(body && { "content-type": "application/json" }),
      },
      signal: AbortSignal.timeout(10_000),
      ...(body && { method: "POST", body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}
