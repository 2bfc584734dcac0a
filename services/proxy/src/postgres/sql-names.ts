import { noNames, renamed, type SessionNames } from "@sallyport/sql";
import type { Running } from "./running.ts";
import type { Step } from "./statements.ts";

/** Characters of statements that are held; a session that prepares more has its names forgotten. */
const mostTexts = 64 * 1024 * 1024;

/**
 * What PREPARE and DECLARE of this session stand for. INVARIANT (I3): a name is known only while nothing is on its
 * way to the target that may change it; one that is not known makes EXECUTE and FETCH opaque. That a transaction's
 * end closes cursors need not be followed: a name that is gone fails at the target.
 */
export class SqlNames {
  /** A new session has none: what is missing is not there. */
  #names: SessionNames = { ...noNames, complete: { prepared: true, cursors: true } };
  /** Commands that were sent, change names, and have no last answer yet. */
  #underway = 0;
  /** The protocol has taken a name meanwhile: which came first is not followed. */
  #crossed = false;
  #texts = 0;

  get known(): SessionNames {
    return this.#underway === 0 ? this.#names : noNames;
  }

  sent({ judged }: Running): void {
    if (judged.effects.naming.length > 0) this.#underway += 1;
  }

  /** The target has answered: what completed has changed the names, whatever becomes of the transaction. */
  done({ judged, tags }: Running): void {
    const { naming } = judged.effects;
    if (naming.length === 0) return;
    this.#underway -= 1;
    for (const [at, changes] of naming.entries()) {
      const happened = at < tags.length ? changes : changes.filter(({ kind }) => kind === "doubt");
      this.#names = renamed(this.#names, happened);
    }
    this.#texts += judged.text.length;
    if (this.#crossed || this.#texts > mostTexts) {
      this.#names = noNames;
      this.#texts = 0;
    }
    if (this.#underway === 0) this.#crossed = false;
  }

  /** The protocol gives or takes names of the same kinds. */
  forget(steps: readonly Step[]): void {
    for (const { message } of steps) {
      switch (message.kind) {
        case "parse":
          this.#drop("deallocate", message.statement);
          break;
        case "bind":
          this.#drop("close", message.portal);
          break;
        case "close":
          this.#drop(message.of === "statement" ? "deallocate" : "close", message.name);
          break;
        default:
      }
    }
  }

  #drop(kind: "deallocate" | "close", name: string): void {
    if (name === "") return;
    if (this.#underway > 0) this.#crossed = true;
    const names = renamed(this.#names, [{ kind, name }]);
    // SQL sees what the protocol has made, and we do not follow it.
    const { prepared = false, cursors = false } = names.complete ?? {};
    this.#names = {
      ...names,
      complete: kind === "deallocate" ? { prepared: false, cursors } : { prepared, cursors: false },
    };
  }
}
