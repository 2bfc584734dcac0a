/** What this library says of its doings; a pino logger fits. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What must never happen, and did: logged as an error and counted, answered with nothing. */
export interface Alarms {
  raise(alarm: string, message: string, fields?: object): void;
}
