import {
  analyse,
  analyseTemplate,
  classification,
  needsSessionNames,
  noNames,
  portalCursor,
  templateOf,
  type Analysis,
  type Catalog,
  type Classified,
  type Classification,
  type Cursor,
  type NameContext,
  type Parsed,
  type Parser,
  type SessionNames,
  type Statement,
} from "@sallyport/sql";
import type { TypeInfo } from "@sallyport/masking";
import type { ColumnKnowledge } from "./result-shape.ts";
import { readLong } from "./long-reading.ts";
import { after, mostReading } from "./processor-time.ts";
import type { Read } from "./read-text.ts";
import { readingTurns } from "./reading-turns.ts";
import { RememberedTexts } from "./remembered-texts.ts";

/** One for each catalog, to be compared by those who must not keep an old one. */
const refs = new WeakMap<Catalog, WeakRef<Catalog>>();

/** What the proxy knows of a target at one moment; a change makes another one. */
export class CatalogView implements ColumnKnowledge {
  readonly catalog: Catalog;
  readonly ref: WeakRef<Catalog>;
  readonly connection: string;
  readonly #classification: Classification;
  readonly #parser: Parser;
  readonly #classified: Classified;
  readonly #texts = new RememberedTexts<Analysis>();
  /**
   * By a text without its literals: what it asks whatever they say. A template is looked into when its second text comes,
   * and is `apart` when that may depend on a literal.
   */
  readonly #templates = new RememberedTexts<Analysis | "once" | "apart">();
  /** Nothing of it could not be read. */
  readonly whole: boolean;

  constructor(connection: string, catalog: Catalog, classified: Classified, parser: Parser) {
    this.connection = connection;
    this.catalog = catalog;
    this.ref = refs.get(catalog) ?? new WeakRef(catalog);
    refs.set(catalog, this.ref);
    this.whole = ![...catalog.relations.values()].some(({ unread }) => unread);
    this.#classified = classified;
    this.#classification = classification(catalog, classified);
    this.#parser = parser;
  }

  /** The same target under another classification. */
  classifiedAs(classified: Classified): CatalogView {
    if (classified === this.#classified) return this;
    return new CatalogView(this.connection, this.catalog, classified, this.#parser);
  }

  /** Whether a text was seen before, or another that differs in literals alone: what it asks is found, not read. */
  knows(
    text: string,
    names: NameContext,
    parameterTypes: readonly number[],
    unsettled: string | null,
  ): boolean {
    const around = aroundKey(names, parameterTypes, unsettled);
    if (this.#texts.get(around + text)) return true;
    const template = templateOf(text);
    return template !== null && typeof this.#templates.get(around + template.key) === "object";
  }

  /** At once for what was seen before and for short texts, else as a promise. Never throws. */
  analyse(
    text: string,
    names: NameContext,
    parameterTypes: readonly number[],
    unsettled: string | null,
    session: SessionNames = noNames,
    bound = false,
  ): Read | Promise<Read> {
    const around = aroundKey(names, parameterTypes, unsettled);
    const key = around + text;
    const known = this.#texts.get(key);
    if (known) return { kind: "analysed", analysis: known, lasting: true };
    const template = templateOf(text);
    const templateKey = template && around + template.key;
    const shared = templateKey === null ? undefined : this.#templates.get(templateKey);
    if (typeof shared === "object") return ofTemplate(shared);
    const subject = {
      connection: this.connection,
      catalog: this.catalog,
      names,
      classified: this.#classified,
      parameterTypes,
      ...(unsettled !== null && { unsettled }),
    };
    if (this.#parser.isLong(text))
      return readLong(text, {
        parser: this.#parser,
        subject: { ...subject, text, session, bound },
      }).then((read) => {
        if (read.kind === "analysed" && read.lasting) this.#texts.set(key, read.analysis);
        return read;
      });
    const finish = (tree: Parsed): Read => {
      if (tree.kind !== "tree") return tree;
      const exhausted = after(mostReading);
      const patience = () => exhausted;
      if (template && templateKey !== null && shared !== "apart") {
        const parse = (other: string) => this.#parser.parse(other);
        const found =
          shared && analyseTemplate(text, template, tree.tree, { ...subject, patience, parse });
        this.#templates.set(templateKey, found === undefined ? "once" : (found ?? "apart"));
        if (found) return ofTemplate(found);
      }
      const analysis = analyse(tree.tree, { ...subject, patience, text, session, bound });
      // What EXECUTE and FETCH ask depends on more than the key.
      const lasting = !needsSessionNames(tree.tree);
      if (lasting) this.#texts.set(key, analysis);
      return { kind: "analysed", analysis, lasting };
    };
    return readingTurns.take(() => {
      const parsed = this.#parser.parse(text);
      return parsed instanceof Promise ? parsed.then(finish) : finish(parsed);
    });
  }

  /** At once for short texts. */
  parse(text: string): Parsed | Promise<Parsed> {
    return this.#parser.parse(text);
  }

  /** What FETCH asks of a portal that was opened now; null where that is not followed. */
  cursor(
    { kind, operations, outputs, touches, opaque }: Statement,
    names: NameContext,
  ): Cursor | null {
    if (kind !== "SelectStmt" || outputs === null || opaque !== null) return null;
    return portalCursor(
      { operations, outputs, touches },
      this.catalog,
      names,
      this.#classification,
    );
  }

  typeInfo(oid: number): TypeInfo | undefined {
    const type = this.catalog.types.get(oid);
    if (!type) return undefined;
    const element = type.element === 0 ? undefined : this.typeInfo(type.element);
    return {
      category: type.category,
      elementOid: type.element,
      baseOid: this.#baseOf(type.oid),
      ...(element && { element }),
    };
  }

  has(tableOid: number): boolean {
    return this.catalog.relations.has(tableOid);
  }

  classified(tableOid: number, attnum: number): readonly string[] {
    const relation = this.catalog.relations.get(tableOid);
    const column = relation?.columns.find((one) => one.attnum === attnum);
    return relation && column ? this.#classification.of(relation, column.name, true) : [];
  }

  typmod(tableOid: number, attnum: number): number {
    const columns = this.catalog.relations.get(tableOid)?.columns;
    return columns?.find((one) => one.attnum === attnum)?.typmod ?? -1;
  }

  #baseOf(oid: number): number {
    let base = 0;
    for (let type = this.catalog.types.get(oid); type && type.base !== 0;) {
      base = type.base;
      type = this.catalog.types.get(base);
    }
    return base;
  }
}

/** An analysis is of one text, by which others remember it; what is in it is shared. */
const ofTemplate = (shared: Analysis): Read => ({
  kind: "analysed",
  analysis: { ...shared },
  lasting: true,
});

/** What a reading hangs on besides text and catalog. */
const aroundKey = (
  names: NameContext,
  parameterTypes: readonly number[],
  unsettled: string | null,
): string =>
  `${unsettled ?? ""}\0${names.searchPath.join("\0")}\0\0${names.role ?? ""}\0${names.tempSchema ?? ""}\0${names.creation ?? ""}\0${names.temporary?.join("\0\0") ?? ""}\0${parameterTypes.join(",")}\0`;
