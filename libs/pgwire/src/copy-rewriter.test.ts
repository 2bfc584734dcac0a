import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteSink } from "./byte-sink.ts";
import { copyForm, nullMayBeValue, type CopyForm, type CopyOptions } from "./copy-form.ts";
import { CopyRewriter } from "./copy-rewriter.ts";
import type { ValueWriter } from "./data-row.ts";
import { ProtocolError } from "./protocol-error.ts";

type Cell = string | null;

const frame = (data: Buffer): Buffer => {
  const head = Buffer.from([0x64, 0, 0, 0, 0]);
  head.writeInt32BE(data.length + 4, 1);
  return Buffer.concat([head, data]);
};

const writing =
  (mask: (value: Cell) => Cell): ValueWriter =>
  (source, start, length, sink) => {
    const masked = mask(length === -1 ? null : source.toString("utf8", start, start + length));
    if (masked !== null) sink.append(Buffer.from(masked));
    return masked !== null;
  };

function rewritten(
  form: CopyForm,
  writers: readonly (ValueWriter | undefined)[],
  run: Buffer,
): Buffer {
  const sink = new ByteSink(64);
  new CopyRewriter(form, writers).rewrite(run, sink);
  return sink.take();
}

function formOf(
  format: "text" | "csv" | "binary",
  options: CopyOptions = {},
  columns = ["a", "b", "c"],
): CopyForm {
  const form = copyForm(format, options, columns);
  if (typeof form === "string") throw new Error(form);
  return form;
}

/** As the manual of COPY describes text format. */
const textCell = (value: Cell): string =>
  value === null
    ? "\\N"
    : value.replace(/[\b\t\n\v\f\r\\]/g, (one) => {
        const at = "\b\t\n\v\f\r\\".indexOf(one);
        return `\\${"btnvfr\\"[at] ?? ""}`;
      });

/** As the manual describes CSV, with ! as the escape. */
const csvCell = (value: Cell): string => {
  if (value === null) return "";
  return value === "" || /[",\r\n]/.test(value) ? `"${value.replace(/["!]/g, "!$&")}"` : value;
};

const cell = fc.option(
  fc.string({
    unit: fc.constantFrom(
      "a",
      "b",
      " ",
      "\t",
      "\n",
      "\r",
      "\b",
      "\v",
      "\f",
      "\\",
      "N",
      ".",
      ",",
      '"',
      "!",
      "é",
      "😀",
    ),
    maxLength: 8,
  }),
);
const rows = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 5 });
const mask = (value: Cell): Cell => (value === "a" ? null : value && `${value}\\,"\n`);

describe.each([
  ["text", formOf("text"), (row: Cell[]) => `${row.map(textCell).join("\t")}\n`],
  ["csv", formOf("csv", { escape: "!" }), (row: Cell[]) => `${row.map(csvCell).join(",")}\n`],
] as const)("%s", (_, form, line) => {
  const run = (all: readonly Cell[][]) =>
    Buffer.concat(all.map((row) => frame(Buffer.from(line(row)))));

  test("a line is what would have been written for the masked values", () => {
    fc.assert(
      fc.property(rows, (all) => {
        const expected = all.map(([a, b, c]) => [a ?? null, mask(b ?? null), c ?? null]);
        const writers = [undefined, writing(mask), undefined];
        expect(rewritten(form, writers, run(all)).toString()).toBe(run(expected).toString());
      }),
    );
  });

  test("values that stay what they are make the same line", () => {
    const same = writing((value) => value);
    fc.assert(
      fc.property(rows, (all) => {
        expect(rewritten(form, [same, same, same], run(all)).toString()).toBe(run(all).toString());
      }),
    );
  });

  test.each([["x\n"], [line(["a", "b"])], [line(["a", "b", "c", "d"])], ["a"], [""]])(
    "another line than the columns make ends it: %j",
    (text) => {
      const writers = [undefined, writing(mask), undefined];
      expect(() => rewritten(form, writers, frame(Buffer.from(text)))).toThrow(ProtocolError);
    },
  );
});

test("the header's names stay", () => {
  const form = formOf("csv", { header: "true" }, ["a"]);
  const run = Buffer.concat([frame(Buffer.from("a\n")), frame(Buffer.from("a\n"))]);
  const out = rewritten(form, [writing(() => "****")], run);
  expect(out.toString()).toBe(
    Buffer.concat([frame(Buffer.from("a\n")), frame(Buffer.from("****\n"))]).toString(),
  );
});

test("binary: header, tuples, end; anything else ends it", () => {
  const header = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
  const tuple = (value: string): Buffer =>
    Buffer.concat([Buffer.from([0, 1, 0, 0, 0, value.length]), Buffer.from(value)]);
  const end = Buffer.from([255, 255]);
  const run = (value: string) =>
    Buffer.concat([frame(Buffer.concat([header, tuple(value)])), frame(tuple(value)), frame(end)]);
  const writers = [writing(() => "****")];
  expect(rewritten({ format: "binary" }, writers, run("ann@example"))).toEqual(run("****"));
  for (const strange of [
    frame(tuple("x")),
    Buffer.concat([run("x"), frame(tuple("x"))]),
    frame(Buffer.concat([header, end, tuple("x")])),
    frame(Buffer.concat([header, Buffer.from([0, 2, 0, 0, 0, 0, 0, 0, 0, 0])])),
  ])
    expect(() => rewritten({ format: "binary" }, writers, strange)).toThrow(ProtocolError);
});

describe("options", () => {
  test.each([
    ["text", {}, { delimiter: 9, header: false }],
    ["text", { delimiter: "|", header: "1" }, { delimiter: 0x7c, header: true }],
    ["csv", {}, { delimiter: 0x2c, quote: 0x22, escape: 0x22 }],
    ["csv", { quote: "'" }, { quote: 0x27, escape: 0x27 }],
    ["csv", { force_quote: "*" }, { forceQuote: [true, true, true] }],
    ["csv", { force_quote: "c,a", header: "off" }, { forceQuote: [true, false, true] }],
    ["text", { null: "\\?" }, { nullText: Buffer.from("\\?") }],
    ["binary", { encoding: "utf8" }, { format: "binary" }],
  ] as const)("%s %j", (format, options, expected) => {
    expect(formOf(format, options)).toMatchObject(expected);
  });

  test.each([
    ["text", { null: "\\Nx\ty" }],
    ["text", { delimiter: "||" }],
    ["text", { delimiter: "é" }],
    ["text", { quote: "'" }],
    ["text", { header: "match" }],
    ["csv", { delimiter: '"' }],
    ["csv", { quote: "\n" }],
    ["csv", { escape: "ab" }],
    ["csv", { null: 'x"' }],
    ["csv", { freeze: "true" }],
    ["csv", { some_day: "new" }],
    ["binary", { delimiter: "," }],
  ] as const)("not %s %j", (format, options) => {
    expect(copyForm(format, options, ["a", "b"])).toBeTypeOf("string");
  });

  test.each([
    ["text", {}, false],
    ["text", { null: "\\?" }, false],
    ["text", { null: "" }, true],
    ["text", { null: "\\n" }, true],
    ["text", { null: "ann@example.com" }, true],
    ["csv", { null: "ann@example.com" }, false],
    ["binary", {}, false],
  ] as const)("a value can look like NULL in %s %j: %s", (format, options, expected) => {
    const form = copyForm(format, options, ["a"]);
    expect(typeof form === "string" ? form : nullMayBeValue(form)).toBe(expected);
  });

  test("names that hold a comma cannot be told apart", () => {
    expect(copyForm("csv", { force_quote: "a,b" }, ["a,b", "a"])).toBeTypeOf("string");
  });
});
