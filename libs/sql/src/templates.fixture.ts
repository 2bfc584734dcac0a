import { isDeepStrictEqual } from "node:util";
import { analyse, type Subject } from "./analyse.ts";
import { templateOf } from "./literals.ts";
import type { Parser } from "./parser.ts";
import type { ParseTree } from "./parser-instance.ts";
import { analyseTemplate } from "./templates.ts";

/** What literals may say of which much depends: names, paths, settings, pictures, units, positions. */
const texts = [
  "",
  "x",
  "it''s -- $$ \"",
  "customer",
  "email",
  "{customer,email}",
  "{items,*,code}",
  "pg_authid",
  "customers",
  "search_path",
  "standard_conforming_strings",
  "%1$*2$s",
  "month",
  "RN",
  "2024-01-01",
  "7",
];
const integers = ["0", "1", "2", "3", "7", "0012", "999999999"];

export interface TemplateOutcome {
  readonly kind: "none" | "apart" | "shared";
  /** Texts of the same template for which reading anew gives something else. */
  readonly wrong: readonly string[];
}

export interface TemplateCheck extends Omit<Subject, "text"> {
  readonly parser: Parser;
  /** How many other texts are made of each. */
  readonly variants: number;
  readonly watching?: boolean;
}

/** Reads a text's template, and texts that differ from it in their literals alone. */
export async function checkTemplate(
  text: string,
  { parser, variants, watching, ...subject }: TemplateCheck,
): Promise<TemplateOutcome> {
  const template = templateOf(text);
  const tree = template && (await treeOf(parser, text));
  if (!template || !tree) return { kind: "none", wrong: [] };
  const parse = (other: string) => parser.parse(other);
  const shared = analyseTemplate(text, template, tree, {
    ...subject,
    parse,
    ...(watching !== undefined && { watching }),
  });
  if (shared === null) return { kind: "apart", wrong: [] };
  const wrong: string[] = [];
  for (let variant = -1; variant < variants; variant++) {
    const other = variant < 0 ? text : varied(text, variant);
    if (templateOf(other)?.key !== template.key) throw new Error(`another template: ${other}`);
    const read = await treeOf(parser, other);
    const anew = read && analyse(read, { ...subject, text: other });
    if (!isDeepStrictEqual(anew, shared)) wrong.push(other);
  }
  return { kind: "shared", wrong };
}

async function treeOf(parser: Parser, text: string): Promise<ParseTree | null> {
  const parsed = await parser.parse(text);
  return parsed.kind === "tree" ? parsed.tree : null;
}

/** Each literal by itself, and all of them: the variants differ in which, and in what they say. */
function varied(text: string, variant: number): string {
  const { literals } = templateOf(text) ?? { literals: [] };
  const alone = variant % 2 === 0 ? Math.floor(variant / 2) % literals.length : -1;
  let made = "";
  let kept = 0;
  for (const [index, { kind, start, end }] of literals.entries()) {
    if (alone >= 0 && alone !== index) continue;
    const choices = kind === "text" ? texts.map((one) => `'${one}'`) : integers;
    made += text.slice(kept, start) + choices[(variant * 5 + index * 3) % choices.length];
    kept = end;
  }
  return made + text.slice(kept);
}
