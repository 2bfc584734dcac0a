/**
 * A part of a statement: its text in parts, and what stands for it when a statement is made smaller. Pieces of one
 * `kind` may take each other's place.
 */
export interface Piece {
  readonly kind: string;
  /** The idea of the grammar that made it. */
  readonly construct: string;
  readonly parts: readonly (string | Piece)[];
  /** The simplest text of its kind. */
  readonly plain?: string;
}

export function render(of: Piece): string {
  return of.parts.map((part) => (typeof part === "string" ? part : render(part))).join("");
}

/** A tag for templates: `piece("text", "upper", "''")\`upper(${inner})\``. */
export const piece =
  (kind: string, construct: string, plain?: string) =>
  (texts: TemplateStringsArray, ...holes: readonly (string | Piece)[]): Piece => ({
    kind,
    construct,
    parts: texts.flatMap((text, at) => {
      const hole = holes[at];
      return hole === undefined ? [text] : [text, hole];
    }),
    ...(plain !== undefined && { plain }),
  });

/** Pieces with text between them. */
export function joined(
  kind: string,
  construct: string,
  pieces: readonly Piece[],
  between: string,
): Piece {
  return {
    kind,
    construct,
    parts: pieces.flatMap((one, at) => (at === 0 ? [one] : [between, one])),
  };
}

export function* within(whole: Piece): Generator<Piece> {
  yield whole;
  for (const part of whole.parts) if (typeof part !== "string") yield* within(part);
}

export function constructs(of: Piece): Set<string> {
  return new Set(Array.from(within(of), ({ construct }) => construct));
}

/** The same piece with one step of it made simpler: replaced by its plain text, or by a piece of its kind within. */
export function* simpler(whole: Piece): Generator<Piece> {
  if (whole.plain !== undefined && render(whole) !== whole.plain)
    yield { ...whole, parts: [whole.plain] };
  for (const inner of within(whole)) if (inner !== whole && inner.kind === whole.kind) yield inner;
  for (const [at, part] of whole.parts.entries()) {
    if (typeof part === "string") continue;
    for (const one of simpler(part)) yield { ...whole, parts: whole.parts.with(at, one) };
  }
}
