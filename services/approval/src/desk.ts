import type { RecordPublisher } from "@sallyport/bus";
import {
  streams,
  subjects,
  type AnswerRequest,
  type Answers,
  type Approval,
  type GivenAnswer,
  type HoldState,
  type HoldView,
  type Principal,
} from "@sallyport/contracts";
import { SallyError } from "@sallyport/runtime";
import { decide, maySee, standing } from "./answers.ts";
import type { Board } from "./board.ts";
import type { Buckets } from "./buckets.ts";
import { stateAt, type Held } from "./held.ts";
import type { JudgeAgain } from "./judge-again.ts";
import { settledBy } from "./outcome.ts";
import type { Texts } from "./texts.ts";
import { viewOf } from "./view.ts";

/** How long an answer may take to be recorded (ms). */
const recordPatience = 3000;
/** How long the one who answered waits to see what policy makes of it (ms). */
const settlePatience = 1500;
/** How often an answer is tried against others that come at the same time. */
const tries = 16;

export interface DeskParts {
  readonly record: RecordPublisher;
  readonly board: Board;
  readonly buckets: Buckets;
  readonly texts: Texts;
  readonly judge: JudgeAgain;
}

/** What persons may do with holds; every method throws a SallyError that says why not. */
export class Desk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  /** The holds that this person may see, in the given state. */
  async list(person: Principal, state: HoldState | "all"): Promise<HoldView[]> {
    const { board, buckets, texts } = this.#parts;
    const approvers = await buckets.approvers();
    const now = Date.now();
    return board
      .all()
      .filter(({ held }) => state === "all" || stateAt(held, now) === state)
      .filter(({ held }) => maySee(held, person, approvers))
      .map((one) => this.#seen(viewOf(one.held, one, approvers, texts.known(one.held), now)));
  }

  async show(person: Principal, id: string): Promise<HoldView> {
    const { held, answers } = await this.#fresh(id);
    const approvers = await this.#parts.buckets.approvers();
    if (!maySee(held, person, approvers))
      throw new SallyError("viewer-refused", { params: { hold: id } });
    const whole = await this.#parts.texts.whole(held);
    const said = this.#parts.board.said(held, answers.answers);
    return this.#seen(viewOf(held, said, approvers, whole, Date.now()));
  }

  /**
   * INVARIANT (I1, I4): an answer counts only when it is recorded, and only by a write that nobody else's came
   * before; what it is worth is checked against what the bucket holds at that moment.
   */
  async answer(person: Principal, id: string, request: AnswerRequest): Promise<HoldView> {
    const given: GivenAnswer = { principal: person, ...request, time: Date.now() };
    let recorded = false;
    for (let left = tries; left > 0; left--) {
      const { held, answers, approvers } = await this.#current(id, person);
      const next = decide(held, answers.answers, given, approvers, Date.now());
      if (next.kind === "refused") throw next.error;
      if (next.kind === "write") {
        await this.#mustBeReadable(held, request);
        if (!recorded) await this.#record(held, given);
        recorded = true;
        if (!(await this.#parts.buckets.putAnswers(next.answers, answers.revision))) continue;
      }
      this.#parts.judge.ask(held);
      return this.#outcome(held);
    }
    throw new SallyError("answer-unrecorded");
  }

  /** The hold, and of its answers those that count: the revoked have approved nothing, but what they denied is denied. */
  async #current(id: string, person: Principal) {
    const { buckets } = this.#parts;
    if (await buckets.revoked(person.id)) throw new SallyError("revoked");
    const { held, answers } = await this.#fresh(id);
    const valid: GivenAnswer[] = [];
    for (const answer of answers.answers?.answers ?? [])
      if (answer.answer === "deny" || !(await buckets.revoked(answer.principal.id)))
        valid.push(answer);
    const current: Answers | null = answers.answers && { ...answers.answers, answers: valid };
    return {
      held,
      answers: { answers: current, revision: answers.revision },
      approvers: await buckets.approvers(),
    };
  }

  /** As the bucket has it; a hold whose place was taken is settled, so that an answer given twice is still one. */
  async #fresh(id: string) {
    const { board, buckets } = this.#parts;
    const pinned = board.find(id);
    const held = pinned && (await buckets.hold(pinned.held.hold.key));
    if (held?.hold.hold === id) return { held, answers: await buckets.answers(id) };
    const past = board.findReplaced(id) ?? pinned;
    if (!past) throw new SallyError("hold-unknown", { params: { hold: id } });
    const answers = await buckets.answers(id);
    const as = { approvers: await buckets.approvers(), now: Date.now() };
    return { held: settledBy(past.held, board.said(past.held, answers.answers), as), answers };
  }

  async #mustBeReadable(held: Held, { answer }: AnswerRequest): Promise<void> {
    if (answer === "approve" && !(await this.#parts.texts.whole(held)))
      throw new SallyError("hold-unreadable", { params: { hold: held.hold.hold } });
  }

  /** Resolves when the record has it. What is late is recorded all the same, but counts for nothing. */
  #record({ hold, command }: Held, given: GivenAnswer): Promise<void> {
    const event: Approval = {
      v: 1,
      type: "approval",
      session: command.session,
      command: command.command,
      hold: hold.hold,
      time: given.time,
      answer: given.answer,
      principal: given.principal,
      reason: given.reason,
      ...(command.trace !== undefined && { trace: command.trace }),
    };
    const lane = this.#parts.record.lane({
      stream: streams.record(hold.partition),
      events: subjects.record(hold.partition, hold.worker, "approval"),
    });
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new SallyError("answer-unrecorded")), recordPatience);
      lane.event(JSON.stringify(event), () => {
        clearTimeout(late);
        resolve();
      });
    });
  }

  /** What policy made of it, when it was quick; a hold whose place the next one took was settled by these answers. */
  async #outcome(held: Held): Promise<HoldView> {
    const { board, buckets, texts } = this.#parts;
    const id = held.hold.hold;
    const { answers } = await buckets.answers(id);
    const approvers = await buckets.approvers();
    const { decided } = standing(held, board.said(held, answers), approvers);
    if (decided !== null) await board.settled(id, settlePatience);
    const found = await buckets.hold(held.hold.key);
    const whole = texts.known(held);
    const now = Date.now();
    const said = board.said(held, answers);
    const last = found?.hold.hold === id ? found : settledBy(held, said, { approvers, now });
    return this.#seen(viewOf(last, board.said(last, answers), approvers, whole, now));
  }

  /** With how the webhooks were told. */
  #seen(view: HoldView): HoldView {
    const notices = this.#parts.board.notices.ofHold(view.hold).map(({ notice }) => ({
      webhook: notice.webhook,
      type: notice.what,
      state: notice.state,
      attempts: notice.attempts,
      ...(notice.problem !== undefined && { problem: notice.problem }),
      ...(notice.state === "failed" && { due: new Date(notice.due).toISOString() }),
    }));
    return notices.length > 0 ? { ...view, notices } : view;
  }
}
