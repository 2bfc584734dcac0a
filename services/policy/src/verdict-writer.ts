import type { Lane, RecordPublisher } from "@sallyport/bus";
import { streams, subjects } from "@sallyport/contracts";

/** Where a worker's verdicts go: all of one turn of the event loop in one message, kept until it is stored. */
export class VerdictWriter {
  readonly #publisher: RecordPublisher;
  /** By worker and partition. */
  readonly #lanes = new Map<string, Lane>();
  #written = 0;

  constructor(publisher: RecordPublisher) {
    this.#publisher = publisher;
  }

  write(to: { partition: number; worker: string }, line: string): void {
    this.#written++;
    this.#lane(to).event(line);
  }

  get written(): number {
    return this.#written;
  }

  #lane({ partition, worker }: { partition: number; worker: string }): Lane {
    const name = `${worker} ${partition}`;
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = this.#publisher.lane({
        stream: streams.record(partition),
        events: subjects.record(partition, worker, "verdict"),
      });
      this.#lanes.set(name, lane);
    }
    return lane;
  }
}
