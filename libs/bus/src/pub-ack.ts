import type { Msg } from "@nats-io/transport-node";

/** What the record said of one publish. `strange` is an alarm besides a refusal. */
export type PubAck =
  | { readonly kind: "stored"; readonly seq: number }
  | {
      readonly kind: "refused";
      readonly code: "record-full" | "record-refused";
      readonly why: string;
      /** JetStream's own number of the error; 0 when there is none. */
      readonly error: number;
    }
  | { readonly kind: "strange"; readonly why: string };

const fields = new Set(["stream", "seq", "domain", "duplicate", "error"]);
/** JetStream error codes: maximum bytes, maximum messages, and the account's storage. */
const fullCodes = new Set([10077, 10047, 10023]);
const noResponders = 503;

const strange = (why: string): PubAck => ({ kind: "strange", why });

/** The server's word that nobody listens; from 2.12 on it names the subject, as of a stream without a leader. */
const isNobody = ({ data, headers }: Msg): boolean =>
  data.length === 0 && (headers?.keys() ?? []).every((key) => key === "Nats-Subject");

/**
 * Reads an answer to a publish. Stored is only what names our stream, a sequence above 0, no error and no
 * `duplicate`; whatever else came leaves the gate closed.
 */
export function readPubAck(message: Msg, stream: string): PubAck {
  if (message.headers !== undefined) {
    if (message.headers.code === noResponders && isNobody(message))
      return { kind: "refused", code: "record-refused", why: "no stream takes it", error: 0 };
    return strange("it has headers");
  }
  if (message.reply) return strange("it wants a reply");
  let ack: unknown;
  try {
    ack = JSON.parse(message.string());
  } catch {
    return strange("it is not JSON");
  }
  if (typeof ack !== "object" || ack === null || Array.isArray(ack))
    return strange("it is not an object");
  for (const field of Object.keys(ack))
    if (!fields.has(field)) return strange(`it has a field \`${field}\``);
  const { stream: from, seq, domain, duplicate, error } = ack as Record<string, unknown>;
  if (error !== undefined) {
    const code =
      typeof error === "object" && error !== null && "err_code" in error ? error.err_code : 0;
    return {
      kind: "refused",
      code: fullCodes.has(Number(code)) ? "record-full" : "record-refused",
      why: `error ${String(code)}`,
      error: Number(code),
    };
  }
  if (from !== stream) return strange("it is of another stream");
  if (duplicate !== undefined) return strange("it says duplicate");
  if (domain !== undefined && typeof domain !== "string") return strange("its domain is no text");
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq <= 0)
    return strange("its sequence is not above 0");
  return { kind: "stored", seq };
}
