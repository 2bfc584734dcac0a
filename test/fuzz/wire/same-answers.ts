import { Backend, parseRowDescription, rowDescription } from "@sallyport/pgwire";
import { legible } from "../../journey/frames-heard.ts";

/** OIDs from here on are given as objects are made: another number in each database. */
const firstOwnOid = 16_384;

/**
 * What a session heard, one message a line, all bytes of it but those that differ between any two sessions of a server:
 * who notified, OIDs of what the session made.
 */
export class Answers {
  readonly #oids = new Map<number, number>();

  lines(frames: readonly Buffer[]): string[] {
    return frames.map((frame) => legible(this.#alike(frame)));
  }

  #alike(frame: Buffer): Buffer {
    switch (frame[0]) {
      case Backend.NotificationResponse: {
        const copy = Buffer.from(frame);
        copy.writeInt32BE(0, 5);
        return copy;
      }
      case Backend.RowDescription:
        return rowDescription(
          parseRowDescription(frame).map((field) => ({
            ...field,
            table: this.#oid(field.table),
            type: this.#oid(field.type),
          })),
        );
      default:
        return frame;
    }
  }

  /** By the order in which they are heard. */
  #oid(oid: number): number {
    if (oid < firstOwnOid) return oid;
    const known = this.#oids.get(oid) ?? firstOwnOid + this.#oids.size;
    this.#oids.set(oid, known);
    return known;
  }
}
