export type UnforeseenCode = "origin-mismatch" | "not-maskable" | "target-lost";

/** The target said what was not judged, or what cannot be understood: the session must end. */
export class Unforeseen extends Error {
  readonly code: UnforeseenCode;

  constructor(problem: string, code: UnforeseenCode) {
    super(problem);
    this.code = code;
  }
}
