import type { NameContext } from "@sallyport/sql";
import type { CatalogView } from "./catalog-view.ts";

/** What names mean where nobody knows it. */
export const noNames: NameContext = { searchPath: [] };

export const schemaChanged = "the transaction has changed the schema";

export interface Known {
  /** The open transaction has changed the schema. */
  readonly ddl: boolean;
  /** The catalog as the session itself sees it; null: it was not read. */
  readonly own: CatalogView | null;
  /** The catalog that all sessions share; null: it cannot be read now. */
  readonly shared: CatalogView | null;
  /** search_path and role are not those that were asked last, or may not be. */
  readonly stale: boolean;
}

/** Why nothing can be proven at this point of a session, or null. */
export function unprovable({ ddl, own, shared, stale }: Known): string | null {
  if (ddl && own === null) return schemaChanged;
  if (shared === null && own === null) return "the target's catalog cannot be read now";
  return stale ? "search_path or role may have changed in this pipeline" : null;
}
