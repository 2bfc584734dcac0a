import { eventHash } from "@sallyport/contracts";
import {
  readOutputMessage,
  readRecordMessage,
  type Anomaly,
  type Segment,
  type StoredMessage,
  type StreamKind,
} from "@sallyport/evidence";
import type { Alarms } from "@sallyport/runtime";
import type { ArchivingWatch } from "./archiving.ts";
import type { Ownership } from "./ownership.ts";

/** Sorts messages into a segment: events, output, and what must not be there, which is an alarm and kept as such. */
export class Intake {
  readonly #partition: number;
  readonly #ownership: Ownership;
  readonly #alarms: Alarms;
  readonly #watch: ArchivingWatch | null;
  /** Bundle revisions that verdicts name. */
  readonly revisions = new Set<number>();

  constructor(
    partition: number,
    ownership: Ownership,
    alarms: Alarms,
    watch: ArchivingWatch | null = null,
  ) {
    this.#watch = watch;
    this.#partition = partition;
    this.#ownership = ownership;
    this.#alarms = alarms;
  }

  take(segment: Segment, stream: StreamKind, message: StoredMessage): void {
    const read =
      stream === "record"
        ? readRecordMessage(this.#partition, message)
        : readOutputMessage(this.#partition, message);
    const strange = (
      line: { readonly line: number; readonly raw: Buffer } | null,
      { code, detail }: Anomaly,
    ): void => {
      segment.addAnomaly(stream, message, line, { code, detail });
      const { seq, subject } = message;
      this.#alarms.raise(`record-${code}`, "a message that must not be there", {
        stream,
        seq,
        subject,
        detail,
      });
    };
    switch (read.kind) {
      case "anomaly":
        strange(null, read.anomaly);
        return;
      case "events":
        for (const line of read.bad) strange(line, line);
        for (const line of read.events) {
          const { event, raw } = line;
          if (!this.#ownership.mayWrite(read.writer, event.session)) {
            strange(line, foreign(event.session));
            continue;
          }
          if (
            "n" in event &&
            !this.#ownership.note(read.writer, event.session, event.n, eventHash(raw))
          )
            this.#alarms.raise("differing-event", "two different events under one number", {
              session: event.session,
              seq: message.seq,
            });
          if (event.type === "verdict")
            for (const revision of [event.revision, event.under ?? 0])
              if (revision > 0) this.revisions.add(revision);
          segment.addEvent(message, read.writer, line);
          this.#watch?.event(event, message.seq);
        }
        return;
      case "output":
        for (const [line, chunk] of read.chunks.entries()) {
          const { session } = chunk;
          if (this.#ownership.mayWrite(read.writer, session)) segment.addOutput(message, chunk);
          else strange({ line, raw: chunk.body }, foreign(session));
        }
    }
  }
}

const foreign = (session: string): Anomaly => ({
  code: "foreign-session",
  detail: `session ${session} belongs to another worker`,
});
