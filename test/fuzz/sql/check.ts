import {
  analyse,
  openCatalog,
  openParser,
  type Analysis,
  type Catalog,
  type Major,
  type Parser,
  type ParseTree,
} from "@sallyport/sql";
import { without, type Rule } from "../../../libs/sql/src/rules.ts";
import { checkTemplate } from "../../../libs/sql/src/templates.fixture.ts";
import { changes, Claims, descriptions, shown } from "./claims.ts";
import { Databases, type Done } from "./databases.ts";
import { classified } from "./shop.ts";

/** What became of a text. */
export type Outcome =
  /** PostgreSQL and the analyser agree that it is none, or it takes too long. */
  | { readonly kind: "rejected" | "too-long" }
  /** PostgreSQL itself fell over it. */
  | { readonly kind: "crashed" }
  | { readonly kind: "opaque"; readonly why: string }
  /** It calls functions that are not traced: what it does is what they do. */
  | { readonly kind: "executes" }
  | {
      readonly kind: "compared";
      /** It failed while it ran. */
      readonly failed: boolean;
      /** Output columns that are said to be fed by classified columns; of those, the ones that never changed. */
      readonly claimed: number;
      readonly unchanged: number;
    }
  | { readonly kind: "fault"; readonly faults: readonly string[] };

/** Over the time or the temporary files that a statement may take. */
const tooLong = (sqlstate: string | undefined): boolean =>
  sqlstate === "57014" || sqlstate === "53400";

/** Errors that PostgreSQL gives when it reads a statement, before any row is touched. */
const isOfReading = (sqlstate: string): boolean =>
  sqlstate.startsWith("42") || ["0A000", "3F000", "54001"].includes(sqlstate);

/** May come of a literal when the statement is read, or of a value when it runs. */
const isOfLiterals = (sqlstate: string): boolean => /^22P02|^22007|^22P|^220/.test(sqlstate);

/** Compares what the analyser says of a text with what PostgreSQL does. */
export class Checker {
  readonly #databases: Databases;
  readonly #parser: Parser;
  #catalog: Catalog;
  /** Rules of the analyser that no statement was seen to need yet. */
  readonly unseen: Set<Rule>;
  /** Texts that share what they ask with those of other literals. */
  shared = 0;
  /** A value of its own for each: what is remembered with it is what was found without that rule. */
  readonly #without = new Map<Rule, typeof classified>();

  private constructor(
    databases: Databases,
    parser: Parser,
    catalog: Catalog,
    rules: readonly Rule[],
  ) {
    this.#databases = databases;
    this.#parser = parser;
    this.#catalog = catalog;
    this.unseen = new Set(rules);
  }

  /** `rules`: to be switched off, one by one, to see which statements show it. */
  static async start(major: Major, rules: readonly Rule[] = []): Promise<Checker> {
    const databases = await Databases.start();
    const parser = await openParser(major);
    return new Checker(
      databases,
      parser,
      await openCatalog(await databases.catalog(), parser),
      rules,
    );
  }

  /** Makes views and functions everywhere; false where PostgreSQL refuses. */
  async define(text: string): Promise<boolean> {
    if ((await this.#databases.define(text)) !== null) return false;
    this.#catalog = await openCatalog(await this.#databases.catalog(), this.#parser);
    return true;
  }

  async read(text: string): Promise<Analysis | null> {
    const parsed = await this.#parser.parse(text);
    return parsed.kind === "tree" ? this.#analyse(parsed.tree, text, classified) : null;
  }

  /** Texts with other literals that share what this one asks, and must not. */
  async #template(text: string): Promise<readonly string[]> {
    const { kind, wrong } = await checkTemplate(text, {
      connection: "shop",
      catalog: this.#catalog,
      names: { searchPath: ["pg_catalog", "public"] },
      classified,
      parser: this.#parser,
      variants: 4,
    });
    if (kind === "shared") this.shared += 1;
    return wrong;
  }

  #analyse(tree: ParseTree, text: string, own: typeof classified): Analysis {
    return analyse(tree, {
      connection: "shop",
      catalog: this.#catalog,
      names: { searchPath: ["pg_catalog", "public"] },
      classified: own,
      text,
    });
  }

  async check(text: string): Promise<Outcome> {
    const analysis = await this.read(text);
    const others = analysis ? await this.#template(text) : [];
    if (others.length > 0)
      return fault(`with other literals it asks something else: ${others.join("; ")}`);
    const base = await this.#do(text);
    if (base === "crashed") return { kind: "crashed" };
    const { error } = base.ran;
    if (error && tooLong(error.sqlstate)) return { kind: "too-long" };
    if (analysis === null || analysis.kind === "unresolved" || analysis.kind === "refused") {
      const why = analysis === null ? "not parsed" : `${analysis.sqlstate} ${analysis.message}`;
      if (!error) return fault(`refused (${why}), but it runs`);
      // Which of several errors comes first is not compared; that it is one of reading is.
      if (!isOfReading(error.sqlstate) && !isOfLiterals(error.sqlstate))
        return fault(`refused (${why}), but PostgreSQL says ${error.sqlstate} ${error.text}`);
      return { kind: "rejected" };
    }
    if (analysis.opaque !== null) return { kind: "opaque", why: analysis.opaque };
    if (error && isOfReading(error.sqlstate)) return { kind: "rejected" };
    if (analysis.operations.some(({ action }) => action === "execute")) return { kind: "executes" };
    return this.#compare(text, new Claims(analysis), base);
  }

  async #compare(text: string, claims: Claims, base: Done): Promise<Outcome> {
    const all = await this.#databases.inAll(text);
    if (all === "crashed") return { kind: "crashed" };
    const before = JSON.stringify(of(base));
    const { claimed, unchanged } = overclaimed(claims, base, all);
    const changed = all.some((done) => JSON.stringify(of(done)) !== before);
    const each = changed ? await this.#databases.inEach(text) : [];
    if (each === "crashed") return { kind: "crashed" };
    const faults = faultsOf(claims, base, each);
    if (faults.length > 0) return { kind: "fault", faults };
    if (this.unseen.size > 0) await this.#lookWithout(text, base, each);
    return { kind: "compared", failed: base.ran.error !== null, claimed, unchanged };
  }

  /** Reads the text as if the analyser lacked a rule: what it says then is wrong, or it is not seen here. */
  async #lookWithout(text: string, base: Done, each: readonly Varied[]): Promise<void> {
    const parsed = await this.#parser.parse(text);
    if (parsed.kind !== "tree") return;
    for (const rule of this.unseen) {
      const own = this.#without.get(rule) ?? { ...classified };
      this.#without.set(rule, own);
      const analysis = without(rule, () => this.#analyse(parsed.tree, text, own));
      if (analysis.kind !== "analysed" || analysis.opaque !== null) continue;
      if (faultsOf(new Claims(analysis), base, each).length > 0) this.unseen.delete(rule);
    }
  }

  #do(text: string): Promise<Done | "crashed"> {
    return this.#databases.inBase(text);
  }

  async stop(): Promise<void> {
    await this.#parser.close();
    await this.#databases.stop();
  }
}

interface Varied {
  readonly column: string;
  readonly variant: Done;
}

function faultsOf(claims: Claims, base: Done, each: readonly Varied[]): readonly string[] {
  const faults = [...descriptions(claims, base.ran), ...shown(claims, base)];
  for (const { column, variant } of each)
    if (!tooLong(variant.ran.error?.sqlstate))
      faults.push(...changes(claims, column, base, variant));
  return [...new Set(faults)];
}

const fault = (...faults: readonly string[]): Outcome => ({ kind: "fault", faults });

/** Classified columns themselves differ in every database. */
const of = ({ ran, state }: Done): unknown => [
  ran,
  state && [...state].filter(([column]) => !(column in classified)),
];

function overclaimed(
  claims: Claims,
  base: Done,
  variants: readonly Done[],
): { claimed: number; unchanged: number } {
  let claimed = 0;
  let unchanged = 0;
  for (const [at, { rows }] of base.ran.results.entries())
    for (const [column, output] of (claims.statements[at]?.outputs ?? []).entries()) {
      if (output.kind === "plain" || rows.length === 0) continue;
      claimed += 1;
      const values = (done: Done): string =>
        JSON.stringify(done.ran.results[at]?.rows.map((row) => row[column]));
      if (variants.every((variant) => values(variant) === values(base))) unchanged += 1;
    }
  return { claimed, unchanged };
}
