/** An error as its receivers see it. `{name}` in a text takes a parameter. */
export interface CatalogueEntry {
  readonly text: string;
  /** The next step. */
  readonly hint?: string;
  readonly sqlstate: string;
  readonly http: number;
}
