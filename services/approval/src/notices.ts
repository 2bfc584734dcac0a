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

  /** How many are yet to be delivered to a webhook. */
  undelivered(webhook: string): number {
    let count = 0;
    for (const notices of this.#holds.values())
      for (const { notice } of notices.values())
        if (notice.webhook === webhook && (notice.state === "failed" || notice.state === "sending"))
          count++;
    return count;
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
