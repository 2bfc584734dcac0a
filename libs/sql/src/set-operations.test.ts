import { expect, test } from "vitest";
import { shows } from "./analysis.fixture.ts";

const email = "public.customers.email";

test("a column united with itself, or with nothing, is masked as itself", async () => {
  const own = `SELECT email FROM customers`;
  expect(await shows(`${own} UNION ALL ${own}`)).toEqual([`email=column(${email})`]);
  expect(await shows(`${own} UNION ALL SELECT NULL`)).toEqual([`email=column(${email})`]);
});

test.each(["'a guess'::text", "'a guess'", "name", "lower(name)"])(
  "beside %s it is one constant: a keyed hash would tell which values are equal",
  async (other) => {
    const united = `SELECT email FROM customers UNION ALL SELECT ${other} FROM customers`;
    expect(await shows(united)).toEqual([`email=computed(${email})`]);
  },
);
