import { noNames, renamed, type Naming, type SessionNames } from "@sallyport/sql";
import { namingSize } from "./analysis-size.ts";
import { heldByName } from "./held-by-names.ts";
import type { Running } from "./running.ts";
import type { Portal, Prepared } from "./protocol-names.ts";

/** Bytes that names may hold; a session that gives more has them forgotten. */
const mostHeld = 64 * 1024 * 1024;

/**
 * What PREPARE and DECLARE of this session stand for. INVARIANT (I3): a name is known only while nothing is on its
 * way to the target that may change it; one that is not known makes EXECUTE and FETCH opaque. That a transaction's
 * end closes cursors need not be followed: a name that is gone fails at the target.
 */
export class SqlNames {
  /** A new session has none: what is missing is not there. */
  #names: SessionNames = { ...noNames, complete: { prepared: true, cursors: true } };
  /** Commands that were sent, change names, and have no last answer yet. */
  readonly #underway = new Set<Running>();
  /** Code that was not traced ran in the open transaction: more of it may run at its end. */
  #deferred = false;
  /** At least as much as is held. */
  #held = 0;

  get known(): SessionNames {
    return this.settled ? this.#names : noNames;
  }

  /** Nothing is under way that changes names. */
  get settled(): boolean {
    return this.#underway.size === 0;
  }

  sent(running: Running): void {
    if (running.judged.effects.naming.length > 0) this.#underway.add(running);
  }

  /** The target has answered: what completed has changed the names, whatever becomes of the transaction. */
  done(running: Running): readonly Naming[] {
    const { judged, tags } = running;
    const { naming, transaction } = judged.effects;
    const happened = naming.flatMap((changes, at) =>
      at < tags.length ? changes : changes.filter(({ kind }) => kind === "doubt"),
    );
    this.#underway.delete(running);
    this.#deferred ||= happened.some(({ kind }) => kind === "doubt");
    this.#names = renamed(this.#names, happened);
    for (const change of happened) this.#held += heldByName + namingSize(change);
    const tooMuch = this.#held > mostHeld && this.#recount() > mostHeld;
    if ((transaction && this.#deferred) || tooMuch) this.#forget();
    return happened;
  }

  /** True when what ran at its end may have done anything to names. */
  transactionEnded(): boolean {
    const deferred = this.#deferred;
    this.#deferred = false;
    if (deferred) this.#forget();
    return deferred;
  }

  /** The target has told that SQL has prepared nothing. */
  nothingPrepared(): void {
    const { prepared, complete } = this.#names;
    if (prepared.size === 0 && complete?.prepared) return;
    this.#names = renamed(this.#names, [{ kind: "deallocate", name: null }]);
  }

  /** The protocol has the name now, so SQL has it no more. */
  taken(one: Prepared | Portal): void {
    const prepared = "text" in one;
    const has = prepared ? this.#names.prepared.has(one.name) : this.#names.cursors.has(one.name);
    if (!has) return;
    const kind = prepared ? "deallocate" : "close";
    this.#names = renamed(this.#names, [{ kind, name: one.name }]);
  }

  #forget(): void {
    this.#names = noNames;
    this.#held = 0;
  }

  /** What was let go of is counted until here. */
  #recount(): number {
    const { prepared, cursors } = this.#names;
    this.#held = heldByName * (prepared.size + cursors.size);
    for (const [name, one] of prepared)
      this.#held += namingSize({ kind: "prepare", name, prepared: one });
    for (const [name, cursor] of cursors)
      this.#held += namingSize({ kind: "declare", name, cursor });
    return this.#held;
  }
}
