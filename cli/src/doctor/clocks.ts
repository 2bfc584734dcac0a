import { fail, ok, warn, type Check } from "./check.ts";

/** What a token's times may be off by, in milliseconds; beyond it log-ins fail. */
const forgiven = 30_000;
const noticed = 5000;

/** Gathers what others' clocks say, and compares them with this machine's. */
export class Clocks {
  readonly #ahead: { readonly whose: string; readonly by: number }[] = [];

  /**
   * What `whose` clock said (ms since 1970), between asking and being answered. Clocks that tell whole seconds are
   * taken at their middle.
   */
  saw(whose: string, time: number, asked: number, answered: number): void {
    if (Number.isNaN(time)) return;
    const by = time < asked ? time - asked : time > answered ? time - answered : 0;
    this.#ahead.push({ whose, by });
  }

  /** One check for each that is off; one for all when none is. */
  checks(): Check[] {
    const off = this.#ahead.filter(({ by }) => Math.abs(by) > noticed);
    if (this.#ahead.length === 0) return [];
    if (off.length === 0)
      return [
        ok("clocks", `agree: this machine, ${this.#ahead.map(({ whose }) => whose).join(", ")}`),
      ];
    return off.map(({ whose, by }) => {
      const found = `that of ${whose} is ${(Math.abs(by) / 1000).toFixed(0)} s ${by > 0 ? "ahead of" : "behind"} this machine's`;
      const todo = "have both machines take their time from one source (NTP)";
      return Math.abs(by) > forgiven
        ? fail("clocks", found, `${todo}: tokens and deadlines are judged by it`)
        : warn("clocks", found, todo);
    });
  }
}
