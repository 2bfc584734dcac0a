import type { Catalog, Classified, ParseTree } from "@sallyport/sql";
import { classification, type Classification } from "@sallyport/sql";
import type { Evasion } from "./case.ts";
import { textsOf } from "./reading.ts";

type Fields = Readonly<Record<string, unknown>>;
type Relation = NonNullable<ReturnType<Catalog["relation"]>>;
type Func = ReturnType<Catalog["functions"]["get"]> & {};

/** Objects with a lower oid were made by initdb. */
const firstUserOid = 16384;

/** Whose strings are names that somebody chose. */
const naming = new Set(
  `colnames ctename portalname savepoint_name conditionname idxname colname conname name newname subname refname
   objects object objname attlist usingClause aliascolnames fk_attrs pk_attrs keys indirection defnames
   windowname rolename servername statname`.split(/\s+/),
);

/**
 * What is left of a script when names and literals are gone: its parse trees, in which a name is what it stands for
 * (a table by what hangs on it, a view or a function written in SQL by its body, a column by its type and whether it
 * is classified) and a literal is its type. What PostgreSQL has under a name stays: functions, operators, types,
 * relations and settings.
 */
export class NormalForms {
  readonly #catalog: Catalog;
  readonly #classification: Classification;
  readonly #bodies = new Map<string, string>();

  constructor(catalog: Catalog, classified: Classified) {
    this.#catalog = catalog;
    this.#classification = classification(catalog, classified);
  }

  async of(script: Evasion["script"]): Promise<string> {
    const forms: string[] = [];
    for (const { text, tree, named, client, values } of await textsOf(script)) {
      const marks = [
        ...(named ? ["named"] : []),
        ...(client ? ["by psql"] : []),
        ...(values ? [`bound: ${values.map((value) => typeof value).join()}`] : []),
      ];
      forms.push(`${marks.join()} ${tree ? this.#tree(tree) : text}`);
    }
    return forms.join("\n");
  }

  #tree(tree: ParseTree): string {
    return JSON.stringify(tree.stmts.map(({ stmt }) => this.#statement(stmt)));
  }

  #statement(tree: unknown): unknown {
    const seen: Seen = { relations: [], common: new Set(), called: new Set() };
    this.#look(tree, seen);
    return this.#form(tree, "", seen);
  }

  /** Which relations and names a statement has, wherever they stand in it. */
  #look(value: unknown, seen: Seen): void {
    if (Array.isArray(value)) for (const one of value) this.#look(one, seen);
    if (!isFields(value)) return;
    const range = value["RangeVar"];
    const relation = isFields(range) ? this.#relation(range) : undefined;
    if (relation) seen.relations.push(relation);
    if (relation) seen.called.add(relation.name);
    const common = value["CommonTableExpr"];
    if (isFields(common)) seen.common.add(word(common["ctename"]));
    const alias = value["alias"] ?? value["Alias"];
    if (isFields(alias)) seen.called.add(word(alias["aliasname"]));
    for (const one of Object.values(value)) this.#look(one, seen);
    if ("relname" in value && !range) {
      const bare = this.#relation(value);
      if (bare) seen.relations.push(bare);
    }
  }

  #form(value: unknown, key: string, seen: Seen): unknown {
    if (typeof value === "string") return this.#word(value, key, seen);
    if (Array.isArray(value)) return value.map((one) => this.#form(one, key, seen));
    if (!isFields(value)) return value;
    if ("relname" in value) return this.#range(value, key, seen);
    const [kind = "", inner] = Object.entries(value)[0] ?? [];
    if (isFields(inner))
      switch (kind) {
        case "A_Const":
          return literal(inner);
        case "ColumnRef":
          return { column: this.#column(list(inner["fields"]), seen) };
        case "FuncCall":
          return { call: this.#call(inner, seen) };
        case "String":
          return this.#word(word(inner["sval"]), key, seen);
        case "List":
          return this.#form(inner["items"], key, seen);
        case "ResTarget":
          // What a column of a result is called is a name, what is assigned to is not.
          return key === "output" || key === "exprs"
            ? this.#form(inner["val"], "val", seen)
            : { [kind]: this.#fields(inner, seen) };
        case "SelectStmt": {
          const { targetList, ...rest } = inner;
          return { [kind]: this.#fields({ output: targetList, ...rest }, seen) };
        }
        case "DefElem":
          return { option: this.#option(inner, seen) };
        case "VariableSetStmt":
        case "VariableShowStmt":
          return { [kind]: { ...this.#fields(inner, seen), name: setting(word(inner["name"])) } };
      }
    if ("names" in value && "typemod" in value) return { type: this.#type(value, seen) };
    return this.#fields(value, seen);
  }

  #fields(value: Fields, seen: Seen): Fields {
    const kept = Object.entries(value).filter(
      ([key, one]) =>
        !/location|^stmt_len$|^aliasname$|^schemaname$|^catalogname$|^funcformat$/.test(key) &&
        !(key === "alias" && isFields(one) && !("colnames" in one)),
    );
    return Object.fromEntries(kept.map(([key, one]) => [key, this.#form(one, key, seen)]));
  }

  #word(text: string, key: string, seen: Seen): string {
    if (key === "name" && /^[^\p{L}_]+$/u.test(text)) return this.#operator(text);
    if (naming.has(key)) return this.#named(text, seen);
    if (key === "payload" || key === "comment") return "text";
    return key === "collname" ? "collation" : text;
  }

  #named(text: string, seen: Seen): string {
    const column = this.#columnNamed(text, seen);
    if (column !== null) return column;
    const relation = this.#relation({ relname: text });
    return relation ? this.#relationForm(relation, "") : "name";
  }

  #operator(name: string): string {
    const found = this.#catalog.operatorsByName.get(name) ?? [];
    return found.every(({ oid }) => oid >= firstUserOid) ? "operator of people" : name;
  }

  #relation(range: Fields): Relation | undefined {
    const name = word(range["relname"]);
    const written = range["schemaname"];
    const schemas = written === undefined ? ["public", "other", "pg_catalog"] : [word(written)];
    for (const schema of schemas) {
      const found = this.#catalog.relation(schema, name);
      if (found) return found;
    }
    return undefined;
  }

  #range(range: Fields, key: string, seen: Seen): Fields {
    const name = word(range["relname"]);
    const relation = this.#relation(range);
    const common = range["schemaname"] === undefined && seen.common.has(name);
    return {
      ...this.#fields(range, seen),
      relname: common ? "common" : relation ? this.#relationForm(relation, key) : "new",
      ...(range["schemaname"] === "pg_temp" && { schemaname: "pg_temp" }),
    };
  }

  /** What is read is a table, a partition, a child, a view by its query; of what is changed, what hangs on it besides. */
  #relationForm(relation: Relation, key: string): string {
    if (relation.oid < firstUserOid) return relation.name;
    if (relation.definition !== null) return `${relation.kind} ${this.#body(relation.definition)}`;
    const parents = relation.parents.map((oid) => this.#catalog.relations.get(oid)?.kind);
    const own = [relation.kind, ...parents, relation.rowSecurity ? "row security" : ""].join(" ");
    if (key === "RangeVar") return own;
    const { expressions, referencedBy, references, rules, triggers, unique } = relation;
    const referenced = referencedBy.map(({ onDelete, onUpdate }) => onDelete + onUpdate);
    const kept = [
      relation.children.length,
      referenced,
      references.length,
      unique.length,
      triggers.length,
    ];
    const reached = relation.reaches.map((oid) => this.#catalog.functions.get(oid)?.language);
    const defaults = relation.columns.filter((one) => one.default !== null && !one.generated);
    return `${own} ${JSON.stringify([kept, rules, expressions.map(({ kind }) => kind), reached, defaults.length])}`;
  }

  /** A query or body that is stored, by what it does. */
  #body(text: string): string {
    const known = this.#bodies.get(text);
    if (known !== undefined) return known;
    this.#bodies.set(text, "itself");
    const tree = this.#catalog.stored(text);
    const form = tree ? this.#tree(tree) : text;
    this.#bodies.set(text, form);
    return form;
  }

  #column(fields: readonly unknown[], seen: Seen): readonly unknown[] {
    return fields.slice(-1).map((one) => {
      const text = stringOf(one);
      if (text === null) return one;
      const column = this.#columnNamed(text, seen);
      return column ?? (seen.called.has(text) ? "row" : "name");
    });
  }

  #columnNamed(name: string, seen: Seen): string | null {
    for (const relation of seen.relations) {
      const column = relation.columns.find((one) => one.name === name);
      if (!column) continue;
      if (relation.oid < firstUserOid) return name;
      const ids = this.#classification.of(relation, name, true);
      const inside = ids.some((id) => id.includes("#>"));
      const classified = ids.length === 0 ? "plain" : inside ? "classified within" : "classified";
      return `${classified} ${column.generated}`;
    }
    return null;
  }

  #call(call: Fields, seen: Seen): Fields {
    const name = stringOf(list(call["funcname"]).at(-1)) ?? "";
    const own = (this.#catalog.functionsByName.get(name) ?? []).filter(
      ({ oid }) => oid >= firstUserOid,
    );
    const [found] = own;
    const builtin = this.#catalog.functionsByName.has(name);
    const callee = found
      ? this.#function(found)
      : builtin
        ? name
        : (this.#columnNamed(name, seen) ?? "name");
    const args = list(call["args"]);
    const [first] = args;
    const about = name === "set_config" || name === "current_setting" ? literalText(first) : null;
    return { ...this.#fields(call, seen), funcname: about ? [callee, setting(about)] : callee };
  }

  #function(func: Func): string {
    const { language, volatility, kind, returnsSet, securityDefiner, body } = func;
    const does = body === null ? "" : this.#body(body.text);
    const types = [func.result, ...func.arguments].map((oid) => this.#typeForm(oid));
    return JSON.stringify([language, volatility, kind, returnsSet, securityDefiner, types, does]);
  }

  #type(value: Fields, seen: Seen): Fields {
    const name = stringOf(list(value["names"]).at(-1)) ?? "";
    const own = ["public", "other"].map((schema) => this.#catalog.type(schema, name));
    const found = own.find((one) => one !== undefined);
    return { ...this.#fields(value, seen), names: found ? this.#typeForm(found.oid) : name };
  }

  #typeForm(oid: number): string {
    const type = this.#catalog.types.get(oid);
    if (!type || oid < firstUserOid) return type?.name ?? "";
    const { kind, base, element, reaches } = type;
    return JSON.stringify([kind, this.#typeForm(base), this.#typeForm(element), reaches.length]);
  }

  #option(option: Fields, seen: Seen): Fields {
    const name = word(option["defname"]);
    if (name !== "as") return { name, is: this.#form(option["arg"], "option", seen) };
    // Code, with its own texts and blanks taken away.
    const code = JSON.stringify(option["arg"]);
    return { name, is: code.replaceAll(/'[^']*'/g, "text").replaceAll(/(\\n|\s)+/g, " ") };
  }
}

interface Seen {
  readonly relations: Relation[];
  readonly common: Set<string>;
  /** Names under which a whole row may stand. */
  readonly called: Set<string>;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const word = (value: unknown): string => (typeof value === "string" ? value : "");

/** Of `{ String: { sval } }`. */
function stringOf(value: unknown): string | null {
  const inner = isFields(value) ? value["String"] : undefined;
  return isFields(inner) ? word(inner["sval"]) : null;
}

/** A literal is its type. */
const literal = (constant: Fields): string =>
  Object.keys(constant).find((key) => key !== "location") ?? "number";

function literalText(value: unknown): string | null {
  const constant = isFields(value) ? value["A_Const"] : undefined;
  const text = isFields(constant) ? constant["sval"] : undefined;
  return isFields(text) ? word(text["sval"]) : null;
}

/** Settings that anybody may make up are all the same. */
const setting = (name: string): string => (name.includes(".") ? "setting of one's own" : name);
