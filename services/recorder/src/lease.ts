import { headers } from "@nats-io/transport-node";
import type { Bus } from "@sallyport/bus";
import { buckets, keys } from "@sallyport/contracts";
import { z } from "zod";

/** The bucket forgets a value after 10 s (`leaseLife` of the bus); the holder stops before that by its own clock. */
const trust = 8000;
const renewEvery = 3000;
const patience = 2000;

const Value = z.strictObject({
  v: z.literal(1),
  type: z.literal("lease"),
  /** Null: given back. */
  holder: z.string().nullable(),
});
const Ack = z.object({ seq: z.number().int().min(1), error: z.undefined().optional() });

/**
 * Which recorder is active for a partition: a value in a bucket, taken and renewed by compare-and-set. It saves
 * work; that two recorders do no harm is the manifest's create-if-absent.
 */
export class Lease {
  readonly #bus: Bus;
  readonly #subject: string;
  readonly #direct: string;
  readonly #holder: string;
  #revision = 0;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(bus: Bus, partition: number, holder: string) {
    this.#bus = bus;
    this.#holder = holder;
    this.#subject = `$KV.${buckets.leases}.${keys.lease(partition)}`;
    this.#direct = `$JS.API.DIRECT.GET.KV_${buckets.leases}.${this.#subject}`;
  }

  get held(): boolean {
    return performance.now() < this.#until;
  }

  /** Takes the lease if nobody has it, and renews it from then on. False when another recorder has it. */
  async take(): Promise<boolean> {
    const current = await this.#current();
    if (current !== null && current.holder !== null && current.holder !== this.#holder)
      return false;
    this.#revision = current?.revision ?? 0;
    if (!(await this.#set(this.#holder))) return false;
    this.#renewLater(renewEvery);
    return true;
  }

  /** Gives it back, so that the next recorder need not wait for its end. */
  async giveBack(): Promise<void> {
    clearTimeout(this.#timer);
    const held = this.held;
    this.#until = 0;
    if (held && this.#bus.connected) await this.#set(null);
    this.#until = 0;
  }

  #renewLater(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), milliseconds);
  }

  async #renew(): Promise<void> {
    let renewed = false;
    try {
      renewed = await this.#set(this.#holder);
      if (!renewed) {
        // An earlier renewal whose answer was lost may have moved the revision.
        const current = await this.#current();
        if (current?.holder !== this.#holder) {
          this.#until = 0;
          return;
        }
        this.#revision = current.revision;
        renewed = await this.#set(this.#holder);
      }
    } catch {
      // No answer: tried again while our own clock allows.
    }
    if (this.held) this.#renewLater(renewed ? renewEvery : renewEvery / 3);
  }

  /** Compare-and-set; counts the trust from before it was asked. */
  async #set(holder: string | null): Promise<boolean> {
    const asked = performance.now();
    const expect = headers();
    expect.set("Nats-Expected-Last-Subject-Sequence", String(this.#revision));
    const value: z.infer<typeof Value> = { v: 1, type: "lease", holder };
    const answer = await this.#ask(this.#subject, JSON.stringify(value), expect);
    const ack = Ack.safeParse(answer.json());
    if (!ack.success) return false;
    this.#revision = ack.data.seq;
    this.#until = asked + trust;
    return true;
  }

  async #current(): Promise<{ readonly revision: number; readonly holder: string | null } | null> {
    const answer = await this.#ask(this.#direct, "");
    const revision = Number(answer.headers?.last("Nats-Sequence") ?? 0);
    if (revision === 0) return null;
    const value = Value.safeParse(jsonOrNull(answer.string()));
    return { revision, holder: value.success ? value.data.holder : null };
  }

  #ask(subject: string, body: string, expect = headers()) {
    if (!this.#bus.connected) throw new Error("the bus is lost");
    return this.#bus.nats.request(subject, body, { timeout: patience, headers: expect });
  }
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
