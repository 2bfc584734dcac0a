import type { SyntaxFault } from "@sallyport/sql";
import type { Refusal } from "./refusal.ts";

/** What the parser refuses, as the target would say it. */
export const asSyntaxError = ({ position, ...fault }: SyntaxFault): Refusal => ({
  code: "syntax",
  said: {
    sqlstate: fault.sqlstate,
    message: fault.message,
    detail: fault.detail,
    hint: fault.hint,
    position: position === 0 ? undefined : String(position),
  },
});
