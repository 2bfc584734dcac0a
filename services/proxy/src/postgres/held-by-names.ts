import type { Bind, Parse } from "@sallyport/pgwire";

/** About how many bytes names of a session hold. A name itself takes so many, with all that is noted of it. */
export const heldByName = 2048;

/** A number in a list, and a value of a Bind besides its bytes. */
const sizes = { number: 8, value: 128 };

export const preparedSize = ({
  statement,
  text,
  types,
}: Pick<Parse, "statement" | "types"> & { readonly text: string | null }): number =>
  heldByName + 2 * statement.length + (text?.length ?? 0) + sizes.number * types.length;

export function bindSize({ portal, parameters, formats, resultFormats }: Bind): number {
  let size = heldByName + 2 * portal.length;
  size += sizes.number * (parameters.length + formats.length + resultFormats.length);
  for (const value of parameters) if (value !== null) size += sizes.value + value.length;
  return size;
}
