/** A way to the target that is measured. */
export interface Door {
  readonly name: string;
  /** libpq's environment; a fresh token where one is needed. `connection` only matters to the gateway. */
  env(connection?: string): Promise<Record<string, string>>;
  /** Whose CPU time counts, by name. */
  processes(): readonly { readonly name: string; readonly pid: number }[];
}
