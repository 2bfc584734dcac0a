import { pino, stdSerializers, type Logger } from "pino";
import { SallyError } from "./errors.ts";
import { readableLine } from "./readable-log.ts";

export type Log = Logger;
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

const secretKey =
  /token|passw|secret|seed|authorization|credential|cookie|private|signing|sealing/i;
/** JWTs and NATS seeds (user, curve, account), wherever in a line they are. */
const secretText = /eyJ[\w-]{6,}\.[\w-]+\.[\w-]*|\bS[UXAO][A-Z2-7]{56}\b/g;

/** Set by `sally up --log`; without it a terminal gets lines for people, and everything else JSON. */
const readable = (): boolean => {
  const wanted = process.env["SALLY_LOG"];
  return wanted === "readable" || (wanted !== "json" && process.stderr.isTTY);
};

/** JSON lines on standard error, or lines for people on a terminal. What looks like a secret by its key or its form is replaced (I5). */
export function openLog(service: string, level: LogLevel = "info", fields: object = {}): Log {
  const forPeople = readable();
  return pino(
    {
      level,
      base: { service, pid: process.pid, ...fields },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: (object) => withoutSecrets(object, 0) as Record<string, unknown>,
      },
      serializers: { err: serializeError, error: serializeError },
      hooks: {
        streamWrite: (line) => {
          const safe = line.replaceAll(secretText, "[secret]");
          return forPeople ? readableLine(safe) : safe;
        },
      },
    },
    process.stderr,
  );
}

function withoutSecrets(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || value instanceof Error) return value;
  if (Buffer.isBuffer(value) || ArrayBuffer.isView(value)) return "[bytes]";
  if (depth > 6) return "[deep]";
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1));
  if ("toJSON" in value && typeof value.toJSON === "function") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      secretKey.test(key) && item !== null && item !== undefined
        ? "[secret]"
        : withoutSecrets(item, depth + 1),
    ]),
  );
}

/** Type, code, text and stack of an error and its causes; not the fields that libraries hang on it. */
function serializeError(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return stdSerializers.err(new Error(String(thrown)));
  const code = thrown instanceof SallyError ? thrown.code : (thrown as { code?: unknown }).code;
  return {
    type: thrown.name,
    ...(typeof code === "string" && { code }),
    message: thrown.message,
    stack: thrown.stack,
    ...(thrown.cause !== undefined &&
      depth < 4 && { cause: serializeError(thrown.cause, depth + 1) }),
  };
}
