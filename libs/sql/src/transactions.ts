import type { Told } from "./analyse.ts";
import type { TransactionEffect } from "./analysis.ts";
import { Opaque } from "./outcome.ts";
import { isFields, text, type Fields } from "./tree.ts";

const effects: ReadonlyMap<string, TransactionEffect> = new Map([
  ["TRANS_STMT_BEGIN", "begin"],
  ["TRANS_STMT_START", "begin"],
  ["TRANS_STMT_COMMIT", "commit"],
  ["TRANS_STMT_ROLLBACK", "rollback"],
  ["TRANS_STMT_SAVEPOINT", "savepoint"],
  ["TRANS_STMT_RELEASE", "release"],
  ["TRANS_STMT_ROLLBACK_TO", "rollback-to"],
  ["TRANS_STMT_PREPARE", "prepare"],
  ["TRANS_STMT_COMMIT_PREPARED", "commit-prepared"],
  ["TRANS_STMT_ROLLBACK_PREPARED", "rollback-prepared"],
]);

/** BEGIN, COMMIT and their kin; a prepared transaction of anybody's could hold anything. */
export function transactionStatement(fields: Fields): Told {
  const transaction = effects.get(text(fields["kind"]));
  if (!transaction) throw new Opaque("a transaction statement of unknown kind");
  if (transaction === "prepare") throw new Opaque("a transaction that outlives its session");
  if (transaction === "commit-prepared" || transaction === "rollback-prepared") {
    throw new Opaque("somebody's prepared transaction");
  }
  const savepoint = text(fields["savepoint_name"]);
  return {
    columns: null,
    effects: { ddl: false, names: false, transaction, ...(savepoint ? { savepoint } : {}) },
  };
}

const exits: ReadonlySet<string> = new Set([
  "TRANS_STMT_COMMIT",
  "TRANS_STMT_PREPARE",
  "TRANS_STMT_ROLLBACK",
  "TRANS_STMT_ROLLBACK_TO",
]);

/** Whether a transaction that has failed takes it. */
export function leavesFailed(statement: unknown): boolean {
  const inner = isFields(statement) ? statement["TransactionStmt"] : undefined;
  return isFields(inner) && exits.has(text(inner["kind"]));
}
