import type { Connection, Submittable } from "pg";

/** What node-postgres sends COPY data by, and does not declare. */
interface Copying extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

interface Row {
  readonly fields: readonly (string | null)[];
}

/** What node-postgres does not do by itself with a connection: COPY, and a portal that gives its rows in pieces. */
export class Exchange implements Submittable {
  readonly text: string;
  /** Rows as their fields, and data that came by COPY as its lines. */
  readonly answer: Promise<unknown[]>;
  readonly #answered = Promise.withResolvers<unknown[]>();
  readonly #lines: readonly string[];
  /** Rows a piece; null for a simple query. */
  readonly #piece: number | null;
  readonly #heard: unknown[] = [];
  #connection: Copying | undefined;

  private constructor(text: string, lines: readonly string[], piece: number | null) {
    this.text = text;
    this.#lines = lines;
    this.#piece = piece;
    this.answer = this.#answered.promise;
  }

  static copyIn(text: string, lines: readonly string[]): Exchange {
    return new Exchange(text, lines, null);
  }

  static copyOut(text: string): Exchange {
    return new Exchange(text, [], null);
  }

  /** Without a Sync before the last piece. */
  static pieces(text: string, rows: number): Exchange {
    return new Exchange(text, [], rows);
  }

  submit(connection: Connection): void {
    this.#connection = connection as Copying;
    if (this.#piece === null) {
      connection.query(this.text);
      return;
    }
    connection.parse({ name: "", text: this.text, types: [] }, true);
    connection.bind({}, true);
    connection.describe({ type: "P", name: "" }, true);
    this.#more(this.#piece);
  }

  #more(rows: number): void {
    this.#connection?.execute({ portal: "", rows: String(rows) }, true);
    this.#connection?.flush();
  }

  handlePortalSuspended(): void {
    if (this.#piece !== null) this.#more(this.#piece);
  }

  handleRowDescription(): void {
    // The fields come as text, and are compared with nothing.
  }

  handleDataRow({ fields }: Row): void {
    this.#heard.push(fields);
  }

  handleCopyInResponse(): void {
    for (const line of this.#lines) this.#connection?.sendCopyFromChunk(Buffer.from(line));
    this.#connection?.endCopyFrom();
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.#heard.push(chunk.toString());
  }

  handleCommandComplete(): void {
    if (this.#piece !== null) this.#connection?.sync();
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete();
  }

  /** Of the server, or the connection's own. */
  handleError(error: Error & { severity?: string }): void {
    if (this.#piece !== null && error.severity === "ERROR") this.#connection?.sync();
    this.#answered.reject(error);
  }

  handleReadyForQuery(): void {
    this.#answered.resolve(this.#heard);
  }
}
