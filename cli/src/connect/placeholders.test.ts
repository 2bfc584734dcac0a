import { expect, test } from "vitest";
import { environmentOf, inArgument, inVariable, type Destination } from "./placeholders.ts";

const to: Destination = {
  host: "gate.example.com",
  port: 6432,
  database: "orders",
  user: "repo:acme/shop",
  sslmode: "verify-full",
  ca: "/etc/ssl/own ca.pem",
  passfile: "/run/x/pgpass",
};

test("a URL and a JDBC URL are escaped, and hold no password", () => {
  const query = "sslmode=verify-full&sslrootcert=%2Fetc%2Fssl%2Fown%20ca.pem";
  expect(inArgument("{url}", to)).toBe(
    `postgresql://repo%3Aacme%2Fshop@gate.example.com:6432/orders?${query}`,
  );
  expect(inArgument("{jdbc}", to)).toBe(
    `jdbc:postgresql://gate.example.com:6432/orders?user=repo%3Aacme%2Fshop&${query}`,
  );
  expect(inArgument("{url}", { ...to, host: "::1", ca: null, sslmode: "disable", user: "x" })).toBe(
    "postgresql://x@[::1]:6432/orders?sslmode=disable",
  );
});

test("braces that are not ours stay", () => {
  expect(inArgument('{print $1} {"host": 1} {nothing} {host}', to)).toBe(
    '{print $1} {"host": 1} {nothing} gate.example.com',
  );
});

test("a password stands in variables only, and is put in as it is", () => {
  expect(() => inArgument("--password={password}", to)).toThrow("to the whole machine");
  expect(inVariable("postgresql://{user}:{password}@{host}:{port}", to, "a$&b{host}")).toBe(
    "postgresql://repo:acme/shop:a$&b{host}@gate.example.com:6432",
  );
});

test("libpq's environment has the passfile, not the password", () => {
  expect(environmentOf(to)).toEqual({
    PGHOST: "gate.example.com",
    PGPORT: "6432",
    PGDATABASE: "orders",
    PGUSER: "repo:acme/shop",
    PGPASSFILE: "/run/x/pgpass",
    PGSSLMODE: "verify-full",
    PGSSLROOTCERT: "/etc/ssl/own ca.pem",
  });
});
