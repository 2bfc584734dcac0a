import { expect, test } from "vitest";
import type { Masker } from "@sallyport/contracts";
import { ByteSink, type Field, type ValueWriter } from "@sallyport/pgwire";
import type { Output } from "@sallyport/sql";
import { resultShape, type ColumnKnowledge } from "./result-shape.ts";

const text = 25;
const int4 = 23;
const key = Buffer.alloc(32, 7);
const email = "public.customers.email";
const knows: ColumnKnowledge = {
  typeInfo: () => undefined,
  has: (table) => table === 100,
  classified: (table, attribute) => (table === 100 && attribute === 2 ? [email] : []),
  typmod: () => -1,
};
const field = (table: number, attribute: number, type = text): Field => ({
  name: "c",
  table,
  attribute,
  type,
  typeSize: -1,
  typeModifier: -1,
  format: 0,
});
const column: Output = {
  name: "email",
  typeOid: text,
  kind: "column",
  column: email,
  columns: [email],
  tableOid: 100,
  attnum: 2,
};
const computed: Output = { name: "x", typeOid: text, kind: "computed", columns: [email] };
const plain: Output = { name: "id", typeOid: text, kind: "plain", tableOid: 0, attnum: 0 };
const masks = new Map<string, Masker>([[email, "partial:3"]]);

const mask = (shape: ReturnType<typeof resultShape>, at: number, value: string | null) =>
  shape.kind === "masked" ? written(shape.writers[at], value) : shape.kind;

/** What leaves instead of `value`; undefined when it stays. */
function written(writer: ValueWriter | undefined, value: string | null): string | null | undefined {
  if (writer === undefined) return undefined;
  const source = Buffer.from(value ?? "");
  const sink = new ByteSink(64);
  const some = writer(source, 0, value === null ? -1 : source.length, sink);
  return some ? sink.take().toString() : null;
}

test("a bare column takes its mask, an expression over it one constant, the rest stays", () => {
  const fields = [field(100, 2), field(0, 0), field(100, 1)];
  const shape = resultShape([column, computed, plain], fields, [], masks, key, knows);
  expect(mask(shape, 0, "ann@example.com")).toBe("************com");
  expect(mask(shape, 1, "a")).toBe("****");
  expect(mask(shape, 1, null)).toBe("****");
  expect(shape.kind === "masked" && shape.writers[2]).toBeUndefined();
});

test("without masks the rows stay as they come", () => {
  expect(resultShape([column], [field(100, 2)], [], new Map(), key, knows).kind).toBe(
    "as-it-comes",
  );
});

test("a classified column where another one was expected is a mismatch", () => {
  const shape = resultShape([plain], [field(100, 2)], [], new Map(), key, knows);
  expect(shape.kind).toBe("mismatch");
});

test("another number of columns, or another type, is a mismatch", () => {
  for (const fields of [[], [field(0, 0), field(0, 0)], [field(0, 0, int4)]])
    expect(resultShape([plain], fields, [], masks, key, knows).kind).toBe("mismatch");
});

test("unknown origins with masks in force leave nothing but constants", () => {
  const shape = resultShape(null, [field(0, 0), field(0, 0, int4)], [], masks, key, knows);
  expect(mask(shape, 0, "anything")).toBe("****");
  expect(mask(shape, 1, "7")).toBeNull();
  expect(resultShape(null, null, [], masks, key, knows).kind).toBe("mismatch");
});

test("a column of an unknown table, or another one than was judged, is a mismatch", () => {
  const name: Output = { ...plain, tableOid: 100, attnum: 1 };
  const shape = (found: Field) => resultShape([name], [found], [], new Map(), key, knows).kind;
  expect(shape(field(100, 1))).toBe("as-it-comes");
  expect(shape(field(0, 0))).toBe("as-it-comes");
  expect(shape(field(100, 3))).toBe("mismatch");
  expect(shape(field(101, 1))).toBe("mismatch");
});

test("paths into a json column are masked inside it, the column itself whole, an expression is a constant", () => {
  const doc: Output = { ...column, typeOid: 3802, columns: ["public.customers.doc#>{mail}"] };
  const path: [string, Masker] = ["public.customers.doc#>{mail}", "email"];
  const jsonb = field(0, 0, 3802);
  const value = '{"id": 7, "mail": "eve@example.com"}';
  const inside = resultShape([doc], [jsonb], [], new Map([path]), key, knows);
  expect(mask(inside, 0, value)).toBe('{"id": 7, "mail": "e***@example.com"}');
  const both = { ...doc, columns: [...doc.columns, "public.customers.doc"] };
  const whole = new Map<string, Masker>([path, ["public.customers.doc", "email"]]);
  expect(mask(resultShape([both], [jsonb], [], whole, key, knows), 0, value)).toBeNull();
  const over: Output = { ...computed, typeOid: 3802, columns: doc.columns };
  expect(mask(resultShape([over], [jsonb], [], new Map([path]), key, knows), 0, value)).toBeNull();
});
