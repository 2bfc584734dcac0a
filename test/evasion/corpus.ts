/** All that is tried, as tables by idea; each case is proven on a bare PostgreSQL first. */
import { columns } from "./columns.ts";
import { controls } from "./controls.ts";
import { copies } from "./copies.ts";
import { ddl } from "./ddl.ts";
import { errors } from "./errors.ts";
import { laundering } from "./laundering.ts";
import { oracles } from "./oracles.ts";
import { relations } from "./relations.ts";
import { rows } from "./rows.ts";
import { tracedControls } from "./traced-controls.ts";
import type { Control, Leak } from "./case.ts";

export { thefts } from "./thefts.ts";

export const leaks: readonly Leak[] = [
  ...columns,
  ...rows,
  ...relations,
  ...laundering,
  ...copies,
  ...ddl,
  ...oracles,
  ...errors,
];

export const allControls: readonly Control[] = [...controls, ...tracedControls];
