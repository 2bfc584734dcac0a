import type { Operation, Verdict } from "@sallyport/contracts";
import type { Judged } from "./judged.ts";

/**
 * What policy let pass in this session the last time that it was asked, without a condition that people must meet: only
 * the like of it is judged before its turn, so that nobody is asked about what then does not run. Verdicts hang on
 * operations, not on values; statements that ask the same share them.
 */
export class PlainPasses {
  /** By operations, the revision of the policies. */
  #passed: WeakMap<readonly Operation[], number> | null = null;

  has({ operations }: Judged, revision: number): boolean {
    return this.#passed?.get(operations) === revision;
  }

  /** The verdict on an Execute; null when none came. */
  judged({ kind, operations }: Judged, verdict: Verdict | null): void {
    if (kind !== "execute") return;
    if (verdict?.decision !== "pass" || verdict.holds.length > 0) this.#passed?.delete(operations);
    else if (this.#passed?.get(operations) !== verdict.revision)
      (this.#passed ??= new WeakMap()).set(operations, verdict.revision);
  }
}

const ofRows: ReadonlySet<string> = new Set(["read", "insert", "update", "delete"]);

/**
 * It reads and writes rows, or answers rows and asks nothing (`SELECT 1`), and nothing of the session is another when it
 * has run: what comes behind it asks the same.
 */
export const changesNothing = ({
  kind,
  opaque,
  unresolved,
  effects,
  operations,
  outputs,
}: Judged): boolean =>
  kind === "execute" &&
  opaque === null &&
  unresolved === null &&
  (operations.length > 0 || (outputs[0] ?? null) !== null) &&
  operations.every(({ action }) => ofRows.has(action)) &&
  !effects.ddl &&
  !effects.names &&
  !effects.transaction &&
  !effects.copyIn &&
  !effects.renames &&
  effects.naming.length === 0;

/**
 * It may do anything but take the client's bytes as COPY data. Behind it nothing is known: where nothing was known before
 * it either, what comes behind it asks the same, which is everything.
 */
export const leavesUnknown = ({ kind, opaque, unresolved, effects }: Judged): boolean =>
  kind === "execute" && opaque !== null && unresolved === null && !effects.copyIn;
