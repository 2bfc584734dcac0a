import { render, simpler, type Piece } from "./piece.ts";

/**
 * The smallest statement found that still shows what `still` looks for: steps that make it simpler are tried, each at
 * most once, until none helps or `most` were tried.
 */
export async function shrink(
  piece: Piece,
  still: (text: string) => Promise<boolean>,
  most: number,
): Promise<Piece> {
  const tried = new Set([render(piece)]);
  let smallest = piece;
  for (let again = true; again;) {
    again = false;
    for (const one of simpler(smallest)) {
      const text = render(one);
      if (text.length >= render(smallest).length || tried.has(text)) continue;
      if (tried.size >= most) return smallest;
      tried.add(text);
      if (!(await still(text))) continue;
      smallest = one;
      again = true;
      break;
    }
  }
  return smallest;
}
