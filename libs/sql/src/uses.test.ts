import { expect, test } from "vitest";
import { asks } from "./analysis.fixture.ts";

const customers = "read:output public.customers";
const email = (use: string): string => `read:${use} public.customers.email`;

test.each([
  ["email = 'x'", "lookup"],
  ["'x' = email", "lookup"],
  ["email = $1 AND name = 'y'", "lookup"],
  ["email IN ('a', $1)", "lookup"],
  ["email = ANY ($1)", "lookup"],
  ["email = ANY (ARRAY['a', 'b'])", "lookup"],
  ["email = 'x'::varchar", "lookup"],
  ["email = 'x' OR true", "predicate"],
  ["NOT email = 'x'", "predicate"],
  ["email <> 'x'", "predicate"],
  ["email > 'x'", "predicate"],
  ["email LIKE 'x%'", "predicate"],
  ["email IS NULL", "predicate"],
  ["lower(email) = 'x'", "predicate"],
  ["email = lower('X')", "predicate"],
  ["email = name", "predicate"],
  ["email = ALL (ARRAY['a'])", "predicate"],
  ["email NOT IN ('a')", "predicate"],
  ["email = 'x' COLLATE \"C\"", "predicate"],
  ["email = (SELECT 'x')", "predicate"],
  ["(email, id) = ('x', 1)", "predicate"],
  ["EXISTS (SELECT 1 WHERE email = 'x')", "predicate"],
  ["CASE WHEN email = 'x' THEN true END", "predicate"],
])("WHERE %s is a %s", async (where, use) => {
  expect(await asks(`SELECT id FROM customers WHERE ${where}`)).toEqual([email(use), customers]);
});

test.each([
  "SELECT id FROM customers ORDER BY email",
  "SELECT id FROM customers GROUP BY id, email",
  "SELECT count(*) FROM customers HAVING max(email) > 'a'",
  "SELECT id FROM customers LIMIT (SELECT length(email) FROM customers LIMIT 1)",
  "SELECT DISTINCT ON (email) id FROM customers",
  "SELECT a.id FROM customers a JOIN customers b ON a.email = b.email",
  "SELECT id FROM customers WHERE email IN (SELECT name FROM customers)",
])("it decides, so it is a predicate: %s", async (text) => {
  expect(await asks(text)).toEqual([email("predicate"), customers]);
});

test.each([
  "SELECT email = 'x' FROM customers",
  "SELECT 1 / length(email) FROM customers",
  "SELECT email::int FROM customers",
  "SELECT DISTINCT email FROM customers",
  "SELECT email FROM customers UNION SELECT 'x'",
  "SELECT rank() OVER (ORDER BY email) FROM customers",
  "SELECT string_agg(name, ',' ORDER BY email) FROM customers",
  "SELECT count(*) FILTER (WHERE email = 'x') FROM customers",
  "SELECT coalesce(email, (1 / id)::text) FROM customers",
])("it decides and leaves: %s", async (text) => {
  expect(await asks(text)).toEqual([email("output"), email("predicate"), customers]);
});

test.each([
  "CREATE TABLE copy AS SELECT email FROM customers",
  "SELECT email INTO copy FROM customers",
  "CREATE VIEW copy AS SELECT email FROM customers",
])("what is stored is a write: %s", async (text) => {
  expect(await asks(text)).toEqual(
    [email("write"), "create public.copy", customers].toSorted(byId),
  );
});

/** Columns sort before Tables, then by id. */
const byId = (a: string, b: string): number => {
  const rank = (line: string): string => (line.includes(".email") ? "0" : `1${line.split(" ")[1]}`);
  return rank(b) > rank(a) ? -1 : 1;
};

test("stored and returned values are followed", async () => {
  expect(
    await asks("INSERT INTO orders (note) SELECT email FROM customers RETURNING note"),
  ).toEqual([
    email("output"),
    email("write"),
    customers,
    "insert public.orders",
    "read:output public.orders",
  ]);
});
