/** A statement's last comment may stand so far before its end. */
const reach = 1024;

const comment = /\/\*((?:[^*]|\*(?!\/))*)\*\/[\s;]*$/;
const member = /(?:^|,)\s*traceparent='(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})'\s*(?:,|$)/;

/**
 * The `traceparent` that a client wrote into the comment at a statement's end, in sqlcommenter's form
 * (`traceparent='00-…-01'`, between other members). Undefined when there is none.
 */
export function traceparentIn(text: string): string | undefined {
  if (!text.includes("traceparent=", text.length - reach)) return undefined;
  const inside = comment.exec(text.slice(-reach))?.[1];
  return inside === undefined ? undefined : member.exec(inside)?.[1];
}
