import { parseTrace } from "@sallyport/contracts";
import type { EventGist, StoredMessage } from "@sallyport/evidence";
import { now, type Telemetry } from "@sallyport/runtime";
import type { ArchivingWatch } from "./archiving.ts";
import type { RecorderState } from "./recorder.ts";

/** More commands of one segment have no span. */
const mostSpans = 4096;

interface Taken {
  readonly trace: string;
  readonly command: string;
  readonly seq: number;
  readonly at: number;
}

/** One partition's archiving: a span from a command's reading to its being in the archive, and how late that is. */
export class PartitionTelemetry implements ArchivingWatch {
  readonly #telemetry: Telemetry;
  readonly #partition: number;
  #taken: Taken[] = [];
  /** When the bus stored the oldest message in hand, by its own clock. */
  #oldest: number | null = null;
  #caughtUp = performance.now();

  constructor(telemetry: Telemetry, partition: number) {
    this.#telemetry = telemetry;
    this.#partition = partition;
  }

  began(): void {
    this.#taken = [];
    this.#oldest = null;
    this.#caughtUp = performance.now();
  }

  read({ time }: StoredMessage): void {
    this.#oldest ??= Date.parse(time);
  }

  caughtUp(): void {
    this.#caughtUp = performance.now();
  }

  event(event: EventGist, seq: number): void {
    if (event.type !== "command" || event.trace === undefined) return;
    if (this.#taken.length >= mostSpans || !parseTrace(event.trace)?.sampled) return;
    this.#taken.push({ trace: event.trace, command: event.command, seq, at: now() });
  }

  committed(manifest: number): void {
    const taken = this.#taken;
    this.#taken = [];
    this.#oldest = null;
    const partition = this.#partition;
    this.#telemetry.count("sallyport.recorder.segments", 1, { "sallyport.partition": partition });
    for (const { trace, command, seq, at } of taken)
      this.#telemetry
        .span("archive", {
          kind: "consumer",
          parent: trace,
          start: at,
          attributes: {
            "sallyport.command.id": command,
            "sallyport.partition": partition,
            "sallyport.sequence": seq,
            "sallyport.manifest": manifest,
          },
        })
        .end();
  }

  /** Seconds: the age of what is in hand, or how long ago all was read, whichever is more. */
  get lag(): number {
    const inHand = this.#oldest === null ? 0 : Date.now() - this.#oldest;
    return Math.max(0, inHand, performance.now() - this.#caughtUp) / 1000;
  }
}

/** What is read of the recorders whenever somebody asks. */
export function observeRecorders(
  telemetry: Telemetry,
  watches: ReadonlyMap<number, PartitionTelemetry>,
  state: () => Readonly<Record<number, RecorderState>>,
): void {
  const each = (read: (state: RecorderState, partition: number) => number | null) => () =>
    Object.entries(state()).flatMap(([partition, one]) => {
      const value = read(one, Number(partition));
      return value === null ? [] : [[value, { "sallyport.partition": Number(partition) }] as const];
    });
  telemetry.observe(
    "sallyport.recorder.active",
    each(({ active }) => Number(active)),
  );
  telemetry.observe(
    "sallyport.recorder.failing",
    each(({ archive }) => Number(archive !== null)),
  );
  telemetry.observe(
    "sallyport.recorder.lag",
    each(({ active }, partition) => (active ? (watches.get(partition)?.lag ?? null) : null)),
  );
  telemetry.observe("sallyport.recorder.unread", () =>
    Object.entries(state()).flatMap(([partition, { active, lag }]) =>
      active
        ? Object.entries(lag).map(
            ([stream, unread]) =>
              [
                unread,
                { "sallyport.partition": Number(partition), "sallyport.stream": stream },
              ] as const,
          )
        : [],
    ),
  );
}
