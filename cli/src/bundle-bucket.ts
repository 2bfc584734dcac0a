import type { Bus } from "@sallyport/bus";
import { buckets, Bundle, keys } from "@sallyport/contracts";
import { jetstream, JetStreamApiError } from "@nats-io/jetstream";
import { Kvm, type KV } from "@nats-io/kv";
import { CliError } from "./cli-error.ts";

/** JSStreamWrongLastSequenceErrF and JSStreamWrongLastSequenceConstantErr of nats-server. */
const wrongLastSequence = new Set([10071, 10164]);

export interface AppliedBundle {
  readonly bundle: Bundle;
  readonly revision: number;
}

/** The bundle bucket, with the operator's rights. */
export class BundleBucket {
  readonly #kv: KV;

  private constructor(kv: KV) {
    this.#kv = kv;
  }

  static async open(bus: Bus): Promise<BundleBucket> {
    const kvm = new Kvm(jetstream(bus.nats, { checkAPI: false, timeout: 5000 }));
    return new BundleBucket(await kvm.open(buckets.bundle, { allow_direct: true }));
  }

  /** Null when nothing was ever applied. */
  async read(): Promise<AppliedBundle | null> {
    const entry = await this.#kv.get(keys.bundle);
    if (!entry || entry.operation !== "PUT") return null;
    const bundle = Bundle.safeParse(entry.json());
    if (!bundle.success)
      throw new CliError(`revision ${entry.revision} of the bundle is not of this version`);
    return { bundle: bundle.data, revision: entry.revision };
  }

  /** Compare-and-set: throws when another revision came in between. Returns the new one. */
  async write(bundle: Bundle, previous: number): Promise<number> {
    const text = JSON.stringify(bundle);
    try {
      return await this.#kv.put(keys.bundle, text, { previousSeq: previous });
    } catch (cause) {
      if (cause instanceof JetStreamApiError && wrongLastSequence.has(cause.code))
        throw new CliError("another bundle was applied at the same moment", {
          hint: "look at what it holds, then apply again",
          cause,
        });
      throw cause;
    }
  }
}
