import * as fc from "fast-check";
import { expect, test } from "vitest";
import { templateOf } from "./literals.ts";

/** The key as a person reads it: `#` for an integer, `@` for a quoted literal. */
const key = (text: string): string | null =>
  templateOf(text)?.key.replaceAll("\u0001", "#").replaceAll("\u0002", "@") ?? null;

test.each([
  ["SELECT a FROM t WHERE b = 12345;", "SELECT a FROM t WHERE b = #;"],
  ["SELECT 'x', 5 FROM t", "SELECT @, # FROM t"],
  ["SELECT -5, - -5,+5,(5),x[5:6]", "SELECT -#, - -#,+#,(#),x[#:#]"],
  ["SELECT 'it''s', '', ''''", "SELECT @, @, @"],
  ["SELECT 'ü', a FROM t WHERE b=7", "SELECT @, a FROM t WHERE b=#"],
  ["SELECT '2024-01-01'::date", "SELECT @::date"],
  ["SELECT 'a' 'b'", "SELECT @ @"],
  ["SELECT 'a'\n'b'", "SELECT @\n@"],
  ["SELECT 'a -- b', 5", "SELECT @, #"],
  ["SELECT '/* a', 5, '*/'", "SELECT @, #, @"],
  ["SELECT '$$', 5, '$$'", "SELECT @, #, @"],
  ['SELECT "5", "a\'b", 5', 'SELECT "5", "a\'b", #'],
  ['SELECT "a""5", 5', 'SELECT "a""5", #'],
  ["SELECT a5, _5, ü5, a$5, 5", "SELECT a5, _5, ü5, a$5, #"],
  ["SELECT $1, $25, 5", "SELECT $1, $25, #"],
  ["SELECT 1e5, 1.5, 5., .5, 1..2, 5", "SELECT 1e5, 1.5, 5., .5, 1..2, #"],
  ["SELECT 0x1F, 0b1, 0o7, 1_000, 5", "SELECT 0x1F, 0b1, 0o7, 1_000, #"],
  ["SELECT 1234567890, 123456789, 007", "SELECT 1234567890, #, #"],
  ["SELECT 5a, 5 a, 5or, 5", "SELECT 5a, # a, 5or, #"],
  ["SELECT 5ü, 5_, 5", "SELECT 5ü, 5_, #"],
  ["SELECT 5 IN(5)", "SELECT # IN(#)"],
])("%j is the template %j", (text, expected) => {
  expect(key(text)).toBe(expected);
});

test.each([
  ["nothing to take out", "SELECT a FROM t"],
  ["an escape literal", "SELECT E'\\'', 5"],
  ["an escape literal without a backslash", "SELECT E'a', 5"],
  ["a Unicode literal", "SELECT U&'a', 5"],
  ["a Unicode literal with another escape", "SELECT U&'d!0061' UESCAPE '!'"],
  ["bits", "SELECT B'1', x'1F', 5"],
  ["a national literal", "SELECT n'a', 5"],
  ["a literal behind a type's name", "SELECT date'2024-01-01', 5"],
  ["a literal behind an operator of that prefix", "SELECT a &'x', 5"],
  ["a backslash anywhere", "SELECT 'a\\', 5"],
  ["a backslash in a name", 'SELECT "\\", 5'],
  ["a dollar quote", "SELECT $$5$$, 5"],
  ["a dollar quote with a tag", "SELECT $a$5$a$, 5"],
  ["a dollar quote behind a number", "SELECT 5$$ 'x' $$"],
  ["a dollar quote behind a parameter", "SELECT $1$$ 'x' $$"],
  ["a parameter with a tail", "SELECT $1a, 5"],
  ["a comment to the line's end", "SELECT 5 -- 'x'\n"],
  ["a comment", "SELECT 5 /* 'x' */"],
  ["an operator that turns into a comment", "SELECT 5 +--'x'\n 6"],
  ["a literal that does not end", "SELECT 5, 'x"],
  ["a name that does not end", 'SELECT 5, "x'],
  ["a literal with a tail", "SELECT 'a'b, 5"],
  ["a literal with a number behind it", "SELECT '5'5"],
  ["a number with a literal behind it", "SELECT 5'5'"],
  ["a number with a name behind it", 'SELECT 5"a"'],
  ["a name with a number behind it", 'SELECT "a"5'],
  ["an exponent with a sign", "SELECT 1e+5"],
  ["an exponent with a sign behind a point", "SELECT 1.e-5, 5"],
  ["a null byte", "SELECT 5, '\u0000'"],
  ["the marker of an integer", "SELECT \u0001, 5"],
  ["the marker of a literal", "SELECT '\u0002', 5"],
  ["a form feed", "SELECT\f5"],
  ["a text that is too long", `SELECT 5${" ".repeat(4096)}`],
  ["too many literals", `SELECT ${"5,".repeat(256)}5`],
])("%s is no template", (_, text) => {
  expect(templateOf(text)).toBeNull();
});

const piece = fc.constantFrom(
  ..."' '' \" $ $1 $$ -- /* */ E' U&' & 5 12 1e 1e5 . + - a é \n 'x' 'it''s' \\ , ( ; :: =".split(
    " ",
  ),
);

test("a key tells every character but the literals' own", () => {
  let made = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(99_999)), (parts, values) => {
      const text = parts.join(" ");
      const template = templateOf(text);
      if (!template) return;
      made++;
      let at = 0;
      const filled = (value: (written: string, kind: string) => string): string => {
        at = 0;
        return template.key.replace(/\p{Cc}/gu, (mark) => {
          if (mark === "\n") return mark;
          const literal = template.literals[at++];
          if (!literal) throw new Error("a marker of no literal");
          return value(text.slice(literal.start, literal.end), literal.kind);
        });
      };
      expect(filled((written) => written)).toBe(text);
      const other = filled((_, kind) =>
        kind === "integer" ? String(values[at] ?? 3) : `'${values[at] ?? ""} -- $$ " ''x'`,
      );
      expect(templateOf(other)?.key).toBe(template.key);
    }),
    { numRuns: 2000 },
  );
  expect(made).toBeGreaterThan(100);
});
