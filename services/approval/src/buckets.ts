import { Bucket, RevocationEntry, type Bus } from "@sallyport/bus";
import { Answers, Bundle, Hold, Notice, buckets, keys } from "@sallyport/contracts";
import { z } from "zod";
import type { Approvers } from "./answers.ts";
import { readHeld, type Held } from "./held.ts";

export interface StoredAnswers {
  readonly answers: Answers | null;
  /** What a write must name; 0 when nothing is there. */
  readonly revision: number;
}

const Approving = z.discriminatedUnion("type", [Hold, Answers, Notice]);
/** What the approvals bucket holds. */
export type Approving = z.infer<typeof Approving>;

/** What approval reads and writes in the buckets. Reads are fresh; each throws a BucketError when nobody answers. */
export class Buckets {
  readonly approvals: Bucket<Approving>;
  readonly revocations: Bucket<RevocationEntry>;
  readonly #bundle: Bucket<Bundle>;

  constructor(bus: Bus) {
    this.approvals = new Bucket(bus, buckets.approvals, Approving);
    this.#bundle = new Bucket(bus, buckets.bundle, Bundle);
    this.revocations = new Bucket(bus, buckets.revocations, RevocationEntry);
  }

  async hold(key: string): Promise<Held | null> {
    const entry = await this.approvals.get(keys.hold(key));
    return entry?.value.type === "hold" ? readHeld(entry.value) : null;
  }

  async answers(hold: string): Promise<StoredAnswers> {
    const entry = await this.approvals.get(keys.answer(hold));
    return {
      answers: entry?.value.type === "answers" ? entry.value : null,
      revision: entry?.revision ?? 0,
    };
  }

  /** Compare-and-set: false when somebody wrote since that revision. */
  async putAnswers(answers: Answers, revision: number): Promise<boolean> {
    const key = keys.answer(answers.hold);
    const written =
      revision === 0
        ? await this.approvals.create(key, answers)
        : await this.approvals.update(key, answers, revision);
    return written !== null;
  }

  /** Compare-and-set, from revision 0 when nothing is there: the new revision, or null when somebody wrote since. */
  putNotice(notice: Notice, revision: number): Promise<number | null> {
    const key = keys.notice(notice.delivery);
    return revision === 0
      ? this.approvals.create(key, notice)
      : this.approvals.update(key, notice, revision);
  }

  /** The approver groups of the bundle in force; none before the first `sally apply`. */
  async approvers(): Promise<Approvers> {
    return (await this.#bundle.get(keys.bundle))?.value.approvers ?? {};
  }

  async revoked(principal: string): Promise<boolean> {
    const entry = await this.revocations.get(keys.revocation(principal));
    return entry?.value.type === "revocation" && entry.value.state === "revoked";
  }
}
