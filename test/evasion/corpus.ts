/** All that is tried, as tables by idea; each case is proven on a bare PostgreSQL first. */
import { activity, activityControls } from "./activity.ts";
import { columns } from "./columns.ts";
import { controls } from "./controls.ts";
import { copies } from "./copies.ts";
import { ddl } from "./ddl.ts";
import { documentControls, documents } from "./documents.ts";
import { errors } from "./errors.ts";
import { laundering } from "./laundering.ts";
import { oracles } from "./oracles.ts";
import { relations } from "./relations.ts";
import { rows } from "./rows.ts";
import { storedCode, storedCodeControls, storedCodeThefts } from "./stored-code.ts";
import { thefts as plainThefts } from "./thefts.ts";
import { timing, timingControls } from "./timing.ts";
import { tracedControls } from "./traced-controls.ts";
import { transactionControls, transactions, transactionThefts } from "./transactions.ts";
import type { Control, Evasion, Leak } from "./case.ts";

export const leaks: readonly Leak[] = [
  ...columns,
  ...rows,
  ...relations,
  ...laundering,
  ...copies,
  ...ddl,
  ...oracles,
  ...errors,
  ...transactions,
  ...documents,
  ...activity,
  ...timing,
  ...storedCode,
];

export const thefts: readonly Evasion[] = [
  ...plainThefts,
  ...transactionThefts,
  ...storedCodeThefts,
];

export const allControls: readonly Control[] = [
  ...controls,
  ...tracedControls,
  ...transactionControls,
  ...documentControls,
  ...activityControls,
  ...timingControls,
  ...storedCodeControls,
];
