import { JetStreamApiCodes, JetStreamApiError, jetstream } from "@nats-io/jetstream";
import { Kvm, type KV, type KvWatchEntry } from "@nats-io/kv";
import type { Bus } from "@sallyport/bus";
import { Answers, Bundle, Revocation, buckets, keys } from "@sallyport/contracts";
import type { Approvers } from "./answers.ts";
import { readHeld, type Held } from "./held.ts";

export interface StoredAnswers {
  readonly answers: Answers | null;
  /** What a write must name; 0 when nothing is there. */
  readonly revision: number;
}

/** What approval reads and writes in the buckets. Reads are direct and fresh; each throws when the bus is lost. */
export class Buckets {
  readonly #approvals: KV;
  readonly #bundle: KV;
  readonly #revocations: KV;

  private constructor(approvals: KV, bundle: KV, revocations: KV) {
    this.#approvals = approvals;
    this.#bundle = bundle;
    this.#revocations = revocations;
  }

  static async open(bus: Bus): Promise<Buckets> {
    const manager = new Kvm(jetstream(bus.nats, { checkAPI: false, timeout: 3000 }));
    const open = (bucket: string): Promise<KV> =>
      manager.open(bucket, { bindOnly: true, allow_direct: true });
    return new Buckets(
      await open(buckets.approvals),
      await open(buckets.bundle),
      await open(buckets.revocations),
    );
  }

  async hold(key: string): Promise<Held | null> {
    const entry = await this.#approvals.get(keys.hold(key));
    return entry?.operation === "PUT" ? readHeld(json(entry)) : null;
  }

  async answers(hold: string): Promise<StoredAnswers> {
    const entry = await this.#approvals.get(keys.answer(hold));
    if (!entry) return { answers: null, revision: 0 };
    const parsed = Answers.safeParse(json(entry));
    return { answers: parsed.success ? parsed.data : null, revision: entry.revision };
  }

  /** Compare-and-set: false when somebody wrote since that revision. */
  async putAnswers(answers: Answers, revision: number): Promise<boolean> {
    try {
      await this.#approvals.put(keys.answer(answers.hold), JSON.stringify(answers), {
        previousSeq: revision,
      });
      return true;
    } catch (error) {
      if (error instanceof JetStreamApiError && raced.has(error.code)) return false;
      throw error;
    }
  }

  /** The approver groups of the bundle in force; none before the first `sally apply`. */
  async approvers(): Promise<Approvers> {
    const entry = await this.#bundle.get(keys.bundle);
    const bundle = entry ? Bundle.safeParse(json(entry)) : undefined;
    return bundle?.success ? bundle.data.approvers : {};
  }

  /** Fails closed: an entry that cannot be read is a revocation. */
  async revoked(principal: string): Promise<boolean> {
    const entry = await this.#revocations.get(keys.revocation(principal));
    if (!entry || entry.operation !== "PUT") return false;
    const revocation = Revocation.safeParse(json(entry));
    return !revocation.success || revocation.data.state === "revoked";
  }

  /** Every hold and all answers, then each change; from `after`, when that revision is known already. */
  watch(after: number): ReturnType<KV["watch"]> {
    return this.#approvals.watch(after > 0 ? { resumeFromRevision: after + 1 } : {});
  }
}

const raced: ReadonlySet<number> = new Set([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]);

/** Null for what is not JSON. */
export function json(entry: Pick<KvWatchEntry, "string">): unknown {
  try {
    return JSON.parse(entry.string());
  } catch {
    return null;
  }
}
