import {
  builtinDigest,
  catalogQueries,
  changedBetween,
  lockedSetting,
  markBase,
  markQuery,
  ownQueries,
  ownQueriesUnlocked,
  ownRows,
  readMarks,
  type CatalogMarks,
  type CatalogQuery,
  type CatalogRows,
} from "@sallyport/sql";
import type { OwnConnection, OwnRows } from "./own-connection.ts";

/** What was read of a target's catalog, in one snapshot. */
export interface CatalogReading {
  /** What people made. */
  readonly rows: CatalogRows;
  /** Of what initdb made: equal to another one while none of it has changed. */
  readonly builtin: string;
  /** Both, where what initdb made was read, too. */
  readonly all: CatalogRows | null;
  /** The mark that goes with it; null where somebody changed the target meanwhile, so that it must be read again. */
  readonly mark: string | null;
}

interface Kept {
  readonly marks: CatalogMarks;
  readonly builtin: string;
  readonly rows: CatalogRows;
}

type Ask = (purpose: string, text: string) => Promise<OwnRows>;

const marksPrepared = '"sallyport marks"';
const prepared = (query: string): string => `"sallyport catalog ${query}"`;

/**
 * After so many readings all is read again, against a new base and with new plans: what has changed since the base is
 * compared row by row, and a plan is as good as what was known of the catalog's size when it was made.
 */
const mostReadings = 64;

/** Reads a target's catalog over one connection, and of what was read before only what may have changed. */
export class CatalogReader {
  readonly line: OwnConnection;
  readonly #ask: Ask;
  #base: string | null = null;
  #readings = 0;
  #marks: CatalogMarks | null = null;
  #kept: Kept | null = null;
  readonly #prepared = new Set<CatalogQuery>();

  constructor(line: OwnConnection, ask: Ask) {
    this.line = line;
    this.#ask = ask;
  }

  /** As long as it is the same, so is the catalog. */
  async mark(): Promise<string> {
    if (this.#base === null) await this.#begin();
    let marks = await this.#mark("digest");
    if (marks.tooOld) {
      await this.#begin();
      marks = await this.#mark("digest");
    }
    this.#marks = marks;
    return marks.text;
  }

  /** @param isKnown whether what initdb made need not be read */
  async read(isKnown: (builtin: string) => boolean): Promise<CatalogReading> {
    this.#readings += 1;
    if (this.#readings > mostReadings) await this.#begin();
    // INVARIANT (I3): marked before the snapshot is taken; what the target prints, it may print as of then.
    const before = this.#marks ?? (await this.#mark("digest"));
    await this.#ask("begin", "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    const now = await this.#mark("digest of the snapshot");
    const locked = (await this.#ask("locked", lockedSetting))[0]?.[0] ?? "";
    const kept = this.#kept?.marks.builtin === now.builtin ? this.#kept : null;
    const builtin = kept?.builtin ?? (await this.#builtin());
    const known = isKnown(builtin);
    const steady = before.text === now.text;
    const reading =
      kept && known && locked === ""
        ? { rows: await this.#changed(kept, now), all: null }
        : await this.#everything(known, locked === "");
    await this.#ask("end", "COMMIT");
    this.#marks = null;
    // What is locked was not printed, and what changes meanwhile may have been read as it was in between.
    this.#kept = steady && locked === "" ? { marks: now, builtin, rows: reading.rows } : null;
    return { ...reading, builtin, mark: steady ? now.text : null };
  }

  async #begin(): Promise<void> {
    await this.#ask("plans", "DEALLOCATE ALL");
    this.#prepared.clear();
    this.#base = (await this.#ask("base", markBase))[0]?.[0] ?? "";
    await this.#ask("plan", `PREPARE ${marksPrepared} (pg_catalog.xid) AS ${markQuery}`);
    this.#readings = 1;
    this.#marks = null;
    this.#kept = null;
  }

  async #mark(purpose: string): Promise<CatalogMarks> {
    if (!/^\d+$/.test(this.#base ?? "")) throw new Error("the target tells no transaction");
    const [row] = await this.#ask(purpose, `EXECUTE ${marksPrepared} ('${this.#base}')`);
    const found = readMarks(row);
    if (!found) throw new Error("the target's catalogs cannot be told apart");
    return found;
  }

  async #builtin(): Promise<string> {
    return (await this.#ask("builtin digest", `SELECT ${builtinDigest}`))[0]?.[0] ?? "";
  }

  async #everything(known: boolean, free: boolean): Promise<Pick<CatalogReading, "rows" | "all">> {
    if (known && free) {
      const queries = Object.keys(ownQueriesUnlocked) as CatalogQuery[];
      return { rows: await this.#readPrepared(queries), all: null };
    }
    const texts = known ? ownQueries : catalogQueries;
    const rows = {} as Record<CatalogQuery, OwnRows>;
    for (const [name, text] of Object.entries(texts))
      rows[name as CatalogQuery] = await this.#ask(`catalog ${name}`, text);
    return known ? { rows, all: null } : { rows: ownRows(rows), all: rows };
  }

  async #changed(kept: Kept, now: CatalogMarks): Promise<CatalogRows> {
    return { ...kept.rows, ...(await this.#readPrepared(changedBetween(kept.marks, now))) };
  }

  async #readPrepared(queries: readonly CatalogQuery[]): Promise<Record<CatalogQuery, OwnRows>> {
    const rows = {} as Record<CatalogQuery, OwnRows>;
    for (const name of queries) {
      if (!this.#prepared.has(name)) {
        await this.#ask("plan", `PREPARE ${prepared(name)} AS ${ownQueriesUnlocked[name]}`);
        this.#prepared.add(name);
      }
      rows[name] = await this.#ask(`catalog ${name}`, `EXECUTE ${prepared(name)}`);
    }
    return rows;
  }
}
