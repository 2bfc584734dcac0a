import type { Bus } from "@sallyport/bus";
import { subjects, type Judge } from "@sallyport/contracts";
import { standing, type Approvers } from "./answers.ts";
import { Asking } from "./asking.ts";
import type { Board, Pinned } from "./board.ts";
import type { Buckets } from "./buckets.ts";
import type { Held } from "./held.ts";

const lookEvery = 500;

/**
 * Asks policy to judge a held command again: when it is answered, when its time is out, when one who approved it is
 * revoked; until its state says so.
 */
export class JudgeAgain {
  readonly #bus: Bus;
  readonly #board: Board;
  readonly #buckets: Buckets;
  readonly #asking = new Asking();
  readonly #timer: NodeJS.Timeout;
  #looking = false;

  constructor(bus: Bus, board: Board, buckets: Buckets) {
    this.#bus = bus;
    this.#board = board;
    this.#buckets = buckets;
    this.#timer = setInterval(() => void this.#look(), lookEvery);
    this.#timer.unref();
  }

  ask({ hold }: Held): void {
    const judge: Judge = { v: 1, type: "judge", hold: hold.hold, key: hold.key };
    this.#bus.publish(subjects.judge, JSON.stringify(judge));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking || !this.#bus.connected) return;
    this.#looking = true;
    try {
      await this.#askDue(Date.now());
    } catch (err) {
      this.#bus.log.warn({ err }, "holds could not be looked through");
    } finally {
      this.#looking = false;
    }
  }

  async #askDue(now: number): Promise<void> {
    const pending = this.#board.all().filter(({ held }) => isPending(held));
    const answered = pending.some(({ answers }) => answers !== null);
    const approvers = answered ? await this.#buckets.approvers() : {};
    const due = new Map(
      pending
        .filter((one) => now >= one.held.hold.expires || isMoved(one, approvers))
        .map(({ held }) => [held.hold.hold as string, held]),
    );
    for (const hold of this.#asking.choose(new Set(due.keys()), performance.now())) {
      const held = due.get(hold);
      if (held) this.ask(held);
    }
  }
}

const isPending = ({ hold }: Held): boolean => hold.state === "open" || hold.state === "approved";

/** Its answers have decided it, or it has an approval of one who is revoked: whether enough are left, policy says. */
const isMoved = (pinned: Pinned, approvers: Approvers): boolean =>
  pinned.held.hold.state === "open"
    ? standing(pinned.held, pinned, approvers).decided !== null
    : pinned.held.hold.approvers.some((one) => pinned.revoked.has(one));
