import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteSink } from "./byte-sink.ts";
import { dataRow, parseDataRow, rewriteRows, type Value, type ValueWriter } from "./data-row.ts";
import { ProtocolError } from "./protocol-error.ts";

const value = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
);

test("values survive, NULL apart from the empty one", () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 12 }), (values) => {
      expect(parseDataRow(dataRow(values))).toEqual(values);
    }),
  );
  expect(parseDataRow(dataRow([null, Buffer.alloc(0)]))).toEqual([null, Buffer.alloc(0)]);
});

describe("rewriteRows", () => {
  type Replacer = (value: Value) => Value;
  const rewritten = (
    run: Buffer,
    count: number,
    replacers: readonly (Replacer | undefined)[],
    room: number,
  ): Buffer => {
    const sink = new ByteSink(room);
    sink.append(Buffer.from("before"));
    rewriteRows(
      run,
      Array.from({ length: count }, (_, at) => writing(replacers[at])),
      sink,
    );
    return sink.take().subarray("before".length);
  };
  const double = (given: Value) => given && Buffer.concat([given, given]);
  const toNull = () => null;
  const toText = () => Buffer.from("****");

  test("is the same as taking each row apart and building it anew", () => {
    const column = fc.constantFrom<(Replacer | undefined)[]>(undefined, double, toNull, toText);
    const table = fc.array(column, { minLength: 0, maxLength: 6 }).chain((replacers) =>
      fc.tuple(
        fc.constant(replacers),
        fc.array(fc.array(value, { minLength: replacers.length, maxLength: replacers.length }), {
          maxLength: 8,
        }),
      ),
    );
    fc.assert(
      fc.property(table, fc.nat(200), ([replacers, rows], room) => {
        const run = Buffer.concat(rows.map((row) => dataRow(row)));
        const before = Buffer.from(run);
        const expected = rows.map((row) =>
          dataRow(
            row.map((given, index) => replacers[index]?.(given) ?? keep(replacers[index], given)),
          ),
        );
        expect(rewritten(run, replacers.length, replacers, room)).toEqual(Buffer.concat(expected));
        expect(run).toEqual(before);
      }),
    );
  });

  test.each([
    ["more columns than described", dataRow([null, null]), 1],
    ["fewer columns than described", dataRow([null]), 2],
    ["a value beyond the end", Buffer.from("440000000b0001000000097878", "hex"), 1],
    ["a frame beyond the run", Buffer.from("44000000ff0001ffffffff", "hex"), 1],
  ])("%s is refused", (_, run, count) => {
    expect(() => rewritten(run, count, [toText], 64)).toThrow(ProtocolError);
  });
});

const writing = (replacer: ((value: Value) => Value) | undefined): ValueWriter | undefined =>
  replacer &&
  ((source, start, length, sink) => {
    const given = replacer(length === -1 ? null : source.subarray(start, start + length));
    if (given === null) return false;
    sink.append(given);
    return true;
  });

/** `??` cannot tell a replacer that gave NULL from none. */
function keep(replacer: unknown, given: Value): Value {
  return replacer === undefined ? given : null;
}
