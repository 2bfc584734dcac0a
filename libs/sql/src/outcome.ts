/** Thrown inside the analyser: the statement's operations cannot all be proven from its text. */
export class Opaque extends Error {
  override readonly name = "Opaque";
}

/** Thrown inside the analyser: the target itself would refuse, with this SQLSTATE and message. */
export class Unresolved extends Error {
  override readonly name = "Unresolved";
  readonly sqlstate: string;
  /** Byte offset into the text, or -1. */
  readonly location: number;
  readonly hint: string | undefined;

  constructor(sqlstate: string, message: string, location: number, hint?: string) {
    super(message);
    this.sqlstate = sqlstate;
    this.location = location;
    this.hint = hint;
  }
}

/** Thrown inside the analyser: Sallyport lets no policy permit this. */
export class Forbidden extends Error {
  override readonly name = "Forbidden";
}

/** Thrown inside the analyser: a bound was passed (depth, size); the statement is refused. */
export class TooComplex extends Error {
  override readonly name = "TooComplex";
}
