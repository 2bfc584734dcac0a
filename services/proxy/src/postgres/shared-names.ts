import { noNames, protocolQuery, type SessionNames } from "@sallyport/sql";
import type { ProtocolNames } from "./protocol-names.ts";
import type { SqlNames } from "./sql-names.ts";
import type { CatalogView } from "./catalog-view.ts";

/**
 * What EXECUTE, FETCH and their kin may name: what SQL has made and what the protocol has made are one to the target.
 * Put together only for a text that asks. INVARIANT (I3): what the target has yet to answer for is in neither.
 */
export class SharedNames implements SessionNames {
  readonly #sql: SqlNames;
  readonly #protocol: ProtocolNames;
  readonly #view: CatalogView;

  constructor(sql: SqlNames, protocol: ProtocolNames, view: CatalogView) {
    this.#sql = sql;
    this.#protocol = protocol;
    this.#view = view;
  }

  get prepared(): SessionNames["prepared"] {
    if (!this.#sql.settled) return noNames.prepared;
    const all = new Map(this.#sql.known.prepared);
    for (const [name, one] of this.#protocol.prepared) {
      all.delete(name);
      const { text, types, judged } = one;
      if (text === null || !one.made || one.doubtful || one.unverified) continue;
      all.set(
        name,
        protocolQuery(() => this.#view.parse(text), types, judged ?? null),
      );
    }
    return all;
  }

  get cursors(): SessionNames["cursors"] {
    if (!this.#sql.settled) return noNames.cursors;
    const all = new Map(this.#sql.known.cursors);
    for (const [name, { cursor, made, doubtful }] of this.#protocol.portals) {
      all.delete(name);
      if (cursor && made && !doubtful) all.set(name, cursor);
    }
    return all;
  }

  get complete(): { readonly prepared: boolean; readonly cursors: boolean } {
    const { prepared = false, cursors = false } = this.#sql.known.complete ?? {};
    const { complete, prepared: statements, portals } = this.#protocol;
    return {
      prepared:
        prepared &&
        complete &&
        [...statements.values()].every(({ made, unverified }) => made && !unverified),
      cursors: cursors && complete && [...portals.values()].every(({ made }) => made),
    };
  }
}
