import type { Lane } from "@sallyport/bus";
import {
  eventHash,
  newSessionId,
  newStartId,
  type Close,
  type Open,
  type Own,
} from "@sallyport/contracts";

/** The record of what authn did for operators: a session of its own for each act. */
export class Acts {
  readonly #lane: Lane;
  readonly #start = newStartId();
  #number = 0;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  note(purpose: string, text: string, by: string): void {
    const session = newSessionId();
    const time = Date.now();
    let prev: string | null = null;
    const write = (event: Open | Own | Close): void => {
      const line = JSON.stringify(event);
      prev = eventHash(line);
      this.#lane.event(line);
    };
    const number = ++this.#number;
    write({
      v: 1,
      type: "open",
      session,
      n: 1,
      prev,
      time,
      start: this.#start,
      number,
      protocol: "operator",
      connection: "",
      address: "",
      tls: null,
      client: { service: "authn" },
    });
    write({ v: 1, type: "own", session, n: 2, prev, time, purpose, text, by });
    write({ v: 1, type: "close", session, n: 3, prev, time, count: 3, reason: "done", bytes: 0 });
  }
}
