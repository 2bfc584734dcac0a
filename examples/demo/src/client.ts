/** What a client printed, standard error with it, in the order of a terminal. */
export interface Answer {
  readonly text: string;
  /** Whether every statement succeeded. */
  readonly ok: boolean;
}

/** A client that still runs. */
export interface RunningClient {
  /** What it printed so far. */
  readonly text: string;
  readonly done: Promise<Answer>;
  /** Closes it as a person would. */
  close(): void;
}

/** How a client is told where to go and who it is: libpq's environment. */
export type ClientEnvironment = Readonly<Record<string, string>>;

/** What jobs and agents of the story use: psql, or a driver where the machine has none. */
export interface Client {
  readonly name: string;
  /** How a person would type it. */
  typed(sql: string): string;
  run(sql: string, environment: ClientEnvironment): Promise<Answer>;
  start(sql: string, environment: ClientEnvironment): RunningClient;
  /** One session that asks the same again and again, until something ends it. */
  typedRepeated(sql: string, seconds: number): string;
  startRepeated(sql: string, seconds: number, environment: ClientEnvironment): RunningClient;
}
