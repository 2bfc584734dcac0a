import type { Connection, Operation } from "@sallyport/contracts";
import { analyse, openParser } from "@sallyport/sql";
import type { SeenTarget } from "./target.ts";

/** What a text asks of a target, or why it never gets so far as to be asked. */
export type ReadCommand =
  | {
      readonly kind: "operations";
      readonly operations: readonly Operation[];
      /** Why it is opaque, or null. */
      readonly opaque: string | null;
    }
  | { readonly kind: "refused"; readonly sqlstate: string; readonly message: string };

/** What of a target a text is read with. */
export type ReadTarget = Pick<SeenTarget, "major" | "catalog" | "searchPath"> & {
  readonly user?: string;
};

/** Reads a text as a worker does in a new session: with the log-in's own search_path and no parameter types. */
export async function readCommand(
  name: string,
  connection: Connection,
  target: ReadTarget,
  text: string,
): Promise<ReadCommand> {
  const parser = await openParser(target.major);
  try {
    const parsed = await parser.parse(text);
    if (parsed.kind === "syntax-error")
      return { kind: "refused", sqlstate: parsed.sqlstate, message: parsed.message };
    if (parsed.kind === "failed")
      return { kind: "refused", sqlstate: "54001", message: parsed.message };
    const analysis = analyse(parsed.tree, {
      connection: name,
      catalog: target.catalog,
      names: {
        searchPath: target.searchPath,
        ...(target.user !== undefined && { role: target.user }),
      },
      classified: connection.columns,
      text,
    });
    if (analysis.kind !== "analysed")
      return { kind: "refused", sqlstate: analysis.sqlstate, message: analysis.message };
    return { kind: "operations", operations: analysis.operations, opaque: analysis.opaque };
  } finally {
    await parser.close();
  }
}
