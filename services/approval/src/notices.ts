import type { Notice } from "@sallyport/contracts";

export interface StoredNotice {
  readonly notice: Notice;
  /** What a write must name. */
  readonly revision: number;
}

/** The notices in the bucket, by their hold. */
export class Notices {
  readonly #holds = new Map<string, Map<string, StoredNotice>>();
  readonly #holdOf = new Map<string, string>();

  ofHold(hold: string): StoredNotice[] {
    return [...(this.#holds.get(hold)?.values() ?? [])];
  }

  find(hold: string, webhook: string, event: string): StoredNotice | undefined {
    return this.ofHold(hold).find(
      ({ notice }) => notice.webhook === webhook && notice.event === event,
    );
  }

  /** What is yet to be delivered to a webhook: how many, and when the oldest happened (ms since 1970). */
  undelivered(webhook: string): { readonly count: number; readonly oldest: number | null } {
    const times = [...this.#holds.values()]
      .flatMap((notices) => [...notices.values()])
      .filter(({ notice }) => notice.webhook === webhook && isUndelivered(notice))
      .map(({ notice }) => notice.time);
    return { count: times.length, oldest: times.length === 0 ? null : Math.min(...times) };
  }

  put(key: string, notice: Notice, revision: number): void {
    const notices = this.#holds.get(notice.hold) ?? new Map<string, StoredNotice>();
    notices.set(key, { notice, revision });
    this.#holds.set(notice.hold, notices);
    this.#holdOf.set(key, notice.hold);
  }

  remove(key: string): void {
    const hold = this.#holdOf.get(key) ?? "";
    const notices = this.#holds.get(hold);
    notices?.delete(key);
    if (notices?.size === 0) this.#holds.delete(hold);
    this.#holdOf.delete(key);
  }
}

const isUndelivered = ({ state }: Notice): boolean => state === "failed" || state === "sending";
