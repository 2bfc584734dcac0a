import { z } from "zod";
import { Config } from "@sallyport/contracts";
import type { ConfigMistake } from "./config-errors.ts";
import type { Places } from "./config-places.ts";

/** Mistakes against the schema, in words. */
export function schemaMistakes(
  issues: readonly z.core.$ZodIssue[],
  _value: unknown,
  places: Places,
): ConfigMistake[] {
  return issues.map((issue) => ({ ...places.value(issue.path), message: issue.message }));
}

export const configJsonSchema = (): unknown => z.toJSONSchema(Config, { io: "input" });
