import { readFileSync } from "node:fs";

/** Our Cedar schema: what every policy is checked against. */
export const cedarSchema = readFileSync(new URL("schema.cedarschema", import.meta.url), "utf8");

/** The policies that are loaded unless config says `baseline: off`. */
export const cedarBaseline = readFileSync(new URL("baseline.cedar", import.meta.url), "utf8");
