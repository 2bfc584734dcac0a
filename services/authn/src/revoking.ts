import type { Bus } from "@sallyport/bus";
import { subjects, type Done, type EndSession, type Revoke } from "@sallyport/contracts";
import type { Log } from "@sallyport/runtime";
import type { Acts } from "./acts.ts";
import type { Beating } from "./beating.ts";
import type { RevocationBook } from "./revocation-book.ts";

export interface RevokingOptions {
  readonly bus: Bus;
  readonly book: RevocationBook;
  readonly beating: Beating;
  readonly acts: Acts;
  readonly log: Log;
}

/** Does what an operator orders: noted, told to every worker at once and by the next beat, and recorded. */
export class Revoking {
  readonly #options: RevokingOptions;

  constructor(options: RevokingOptions) {
    this.#options = options;
  }

  async answer(order: Revoke): Promise<Done> {
    const { bus, book, beating, acts, log } = this.#options;
    const { type, principal, by, reason } = order;
    const { ok, message, revocation } = await book.note(order, ({ state }) => {
      beating.now();
      if (state !== "revoked") return;
      const end: EndSession = { v: 1, type: "end", session: null, principal, by };
      bus.publish(subjects.control("all", "end"), JSON.stringify(end));
    });
    if (revocation !== null)
      acts.note(type, `${principal}: ${reason}${ok ? "" : ` (${message})`}`, by);
    log.info({ principal, by, ok, order: type }, message);
    return { v: 1, type: "done", ok, message };
  }
}
