import type { Lane } from "@sallyport/bus";
import { actLines, newSessionId, newStartId, type Act } from "@sallyport/contracts";

/** The record of what authn did for operators, and of what it saw: a session of its own for each act. */
export class Acts {
  readonly #lane: Lane;
  readonly #start = newStartId();
  #number = 0;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  note(purpose: string, text: string, by: string): void {
    this.record({
      session: newSessionId(),
      start: this.#start,
      number: ++this.#number,
      time: Date.now(),
      address: "",
      client: { service: "authn" },
      purpose,
      text,
      by,
    });
  }

  /** An act that has its own identity: recorded again, by whichever process, it is the same one. */
  record(act: Act): void {
    for (const line of actLines(act)) this.#lane.event(line);
  }
}
