/** Later than any beat is late, and longer than a follower of a cluster is behind; in milliseconds. */
const patience = 3000;
const beatsAtLeast = 3;

/**
 * Knows by authn's beats that a bucket was set back: its storage was lost, and its revisions began again. One beat
 * below what is known says nothing: it may have been sent before the newest value.
 */
export class SetBack {
  #since: number | null = null;
  #beats = 0;

  /**
   * One beat says that the bucket is at `revision`, where `known` has been seen. Whether it is so by now that what the
   * bucket holds is to be taken, although it is older. `now` in milliseconds.
   */
  hear(revision: number, known: number, now: number): boolean {
    if (revision >= known) {
      this.#since = null;
      this.#beats = 0;
      return false;
    }
    this.#since ??= now;
    this.#beats += 1;
    return this.#beats >= beatsAtLeast && now - this.#since >= patience;
  }
}
