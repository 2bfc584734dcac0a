import { setTimeout as later } from "node:timers/promises";
import {
  builtinCatalog,
  catalogAbove,
  catalogSettings,
  majors,
  openParser,
  sessionCatalog,
  type Catalog,
  type Classified,
  type Major,
  type Parser,
  type SessionPart,
  type SessionRows,
} from "@sallyport/sql";
import { SallyError, type Log } from "@sallyport/runtime";
import { CatalogReader } from "./catalog-reader.ts";
import { OwnConnection, type OwnRows } from "./own-connection.ts";
import { TargetError } from "./upstream/target-error.ts";
import type { TargetOptions } from "./upstream/open-target.ts";
import { CatalogView } from "./catalog-view.ts";

export interface TargetCatalogOptions {
  readonly connection: string;
  /** How to log in, asked anew at each log-in: config and secrets may have changed. */
  readonly target: () => Promise<TargetOptions>;
  readonly classified: () => Classified;
  readonly log: Log;
  /** Records what is said to the target (own statements). */
  readonly own: (purpose: string, text: string) => void;
  /** Milliseconds between two looks at the digest. */
  readonly digestEvery?: number;
}

const majorOf = (serverVersion: string): Major | undefined =>
  majors.find((one) => one === Number.parseInt(serverVersion, 10));

const loginLimit = 10_000;
/** Definitions are read under locks, for which an open transaction with DDL may let us wait. */
const patience = "SET lock_timeout TO '2s'";
/** Milliseconds that a whole reading may take. */
const readLimit = 30_000;

/**
 * A target's catalog, read over a connection of the proxy's own, and kept true: DDL that a worker forwards
 * marks it stale at once, other DDL is found by a digest every 30 s.
 */
export class TargetCatalog {
  readonly #options: TargetCatalogOptions;
  #line: OwnConnection | null = null;
  #reader: CatalogReader | null = null;
  #parser: Parser | null = null;
  #view: CatalogView | null = null;
  #digest = "";
  /** What initdb made, as long as its digest is this one. */
  #builtins: { readonly digest: string; readonly catalog: Catalog } | null = null;
  /** Counts the changes that were heard of, and how many of them the view has. */
  #changes = 1;
  #seen = 0;
  #views = 0;
  #reading: Promise<CatalogView> | null = null;
  #watching: NodeJS.Timeout | null = null;

  constructor(options: TargetCatalogOptions) {
    this.#options = options;
  }

  /** Null when it must be read (again) first: `ensure`. */
  get current(): CatalogView | null {
    if (this.#seen !== this.#changes || !this.#view) return null;
    this.#view = this.classifiedNow(this.#view);
    return this.#view;
  }

  /** Another one whenever anything may have changed. */
  get mark(): string {
    return `${this.#changes} ${this.#views}`;
  }

  classifiedNow(view: CatalogView): CatalogView {
    return view.classifiedAs(this.#options.classified());
  }

  /**
   * What a session sees, above what is shared: everything that people made above what initdb made, or temporary objects
   * alone above all of it. Null when what is below is not known as it is now.
   */
  async viewAbove(part: SessionPart, rows: SessionRows): Promise<CatalogView | null> {
    const parser = this.#parser;
    const below = part === "temporary" ? this.current?.catalog : this.#builtinsAs(rows.builtin);
    if (!below || !parser) return null;
    const { connection, classified } = this.#options;
    const catalog = await sessionCatalog(below, rows, parser);
    return new CatalogView(connection, catalog, classified(), parser);
  }

  #builtinsAs(digest: string | null): Catalog | undefined {
    return this.#builtins?.digest === digest ? this.#builtins.catalog : undefined;
  }

  /** The newest that was read, stale or not: for answers to what was judged under it. */
  get last(): CatalogView | null {
    return this.#view;
  }

  /** Somebody changed the target: nothing is read from the old view any more. */
  markStale(): void {
    this.#changes += 1;
  }

  /** @throws SallyError `target-…` */
  async ensure(): Promise<CatalogView> {
    for (;;) {
      const { current } = this;
      if (current) return current;
      this.#reading ??= this.#read().finally(() => {
        this.#reading = null;
      });
      await this.#reading;
    }
  }

  /** Looks whether anything has changed since, even a moment ago. @throws SallyError `target-…` */
  async recheck(): Promise<void> {
    // What is being read may have begun before.
    await this.#reading?.catch(() => undefined);
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    await this.#reading;
  }

  /**
   * Reads everything anew when a session's target is of another major than what was read: it was upgraded, or
   * another machine took over. INVARIANT: the parser is the target's.
   * @throws SallyError `target-…`
   */
  async follow(serverVersion: string): Promise<void> {
    if (!this.#parser || this.#parser.major === majorOf(serverVersion)) return;
    this.#line?.end();
    this.#line = null;
    this.#digest = "";
    this.markStale();
    await this.ensure();
    if (this.#parser.major !== majorOf(serverVersion)) throw this.#unread(serverVersion);
  }

  stop(): void {
    if (this.#watching) clearInterval(this.#watching);
    this.#line?.end();
    this.#line = null;
    void this.#parser?.close();
  }

  async #read(): Promise<CatalogView> {
    const changes = this.#changes;
    const late = setTimeout(() => this.#line?.end(), readLimit).unref();
    try {
      const line = await this.#connected();
      const reader = this.#readerOf(line);
      const found = await reader.mark();
      if (!this.#view || found !== this.#digest) {
        const { view, mark } = await this.#readAll(reader);
        this.#view = view;
        this.#views += 1;
        // What another transaction was changing is read as soon as it can be.
        this.#digest = view.whole && mark !== null ? mark : "";
      }
      this.#seen = changes;
      this.#watching ??= setInterval(
        () => this.#look(),
        this.#options.digestEvery ?? 30_000,
      ).unref();
      return this.#view;
    } catch (cause) {
      this.#line?.end();
      this.#line = null;
      if (cause instanceof SallyError) throw cause;
      if (cause instanceof TargetError) throw cause.catalogued(this.#options.connection);
      throw new SallyError("target-unreachable", {
        params: { connection: this.#options.connection },
        cause,
      });
    } finally {
      clearTimeout(late);
    }
  }

  async #connected(): Promise<OwnConnection> {
    if (this.#line?.alive) return this.#line;
    const target = await this.#options.target();
    const line = await OwnConnection.open(target, AbortSignal.timeout(loginLimit));
    const major = majorOf(line.serverVersion);
    if (major === undefined) {
      line.end();
      throw this.#unread(line.serverVersion);
    }
    await this.#useParser(major);
    this.#line = line;
    await this.#ask(line, "settings", catalogSettings);
    await this.#ask(line, "patience", patience);
    return line;
  }

  #unread(version: string): SallyError {
    const { connection } = this.#options;
    return new SallyError("target-version", { params: { connection, version } });
  }

  async #useParser(major: Major): Promise<void> {
    if (this.#parser?.major === major) return;
    const old = this.#parser;
    this.#parser = await openParser(major);
    this.#view = null;
    this.#builtins = null;
    await old?.close();
  }

  #readerOf(line: OwnConnection): CatalogReader {
    if (this.#reader?.line === line) return this.#reader;
    // What another connection told is compared with nothing of this one.
    this.#digest = "";
    this.#reader = new CatalogReader(line, (purpose, text) => this.#ask(line, purpose, text));
    return this.#reader;
  }

  async #readAll(
    reader: CatalogReader,
  ): Promise<{ readonly view: CatalogView; readonly mark: string | null }> {
    const read = await reader.read((digest) => this.#builtinsAs(digest) !== undefined);
    const parser = this.#parser;
    if (!parser) throw new Error("no parser");
    const builtins = read.all === null ? this.#builtinsAs(read.builtin) : builtinCatalog(read.all);
    if (!builtins) throw new Error("no built-in objects");
    this.#builtins = { digest: read.builtin, catalog: builtins };
    const catalog = await catalogAbove(builtins, read.rows, parser);
    const { connection, classified } = this.#options;
    return { view: new CatalogView(connection, catalog, classified(), parser), mark: read.mark };
  }

  #ask(line: OwnConnection, purpose: string, text: string): Promise<OwnRows> {
    this.#options.own(purpose, text);
    return line.query(text);
  }

  /** The digest, from time to time: what others changed past the gateway. */
  #look(): void {
    if (this.#seen !== this.#changes || this.#reading) return;
    this.#reading = this.#read()
      .catch(async (err: unknown) => {
        this.#options.log.warn(
          { err, connection: this.#options.connection },
          "the target's catalog cannot be read",
        );
        await later(1000, undefined, { ref: false });
        throw err;
      })
      .finally(() => {
        this.#reading = null;
      });
    this.#reading.catch(() => undefined);
  }
}
