import { describe, expect, test } from "vitest";
import { asks } from "./analysis.fixture.ts";

const email = "public.customers.email";

describe("ALTER TABLE computes over rows", () => {
  test.each([
    [
      "ALTER TABLE customers ADD COLUMN g text GENERATED ALWAYS AS (upper(email)) STORED",
      [`read:write ${email}`, "alter public.customers", "read:output public.customers"],
    ],
    [
      "ALTER TABLE customers ADD COLUMN n int CHECK (n > 0)",
      ["alter public.customers", "read:output public.customers"],
    ],
    [
      "ALTER TABLE customers ALTER COLUMN name TYPE varchar(9)",
      ["alter public.customers", "read:output public.customers"],
    ],
    [
      "ALTER TABLE customers ALTER COLUMN name TYPE text USING email",
      [`read:write ${email}`, "alter public.customers", "read:output public.customers"],
    ],
    [
      "ALTER TABLE customers ALTER COLUMN email TYPE int USING length(email)",
      [`read:write ${email}`, "alter public.customers", "read:output public.customers"],
    ],
    [
      "ALTER TABLE customers ALTER COLUMN email TYPE int USING email::int",
      [
        `read:predicate ${email}`,
        `read:write ${email}`,
        "alter public.customers",
        "read:output public.customers",
      ],
    ],
    ["ALTER TABLE orders INHERIT archive", ["alter public.archive", "alter public.orders"]],
    [
      "ALTER TABLE events ATTACH PARTITION orders FOR VALUES FROM (1) TO (2)",
      [
        "read:predicate public.events.detail",
        "alter public.events",
        "alter public.events_1",
        "alter public.orders",
      ],
    ],
    [
      "ALTER TABLE archive VALIDATE CONSTRAINT c",
      ["read:predicate public.archive.secret", "alter public.archive", "alter public.archive_old"],
    ],
  ])("%s", async (text, expected) => {
    expect((await asks(text)).toSorted()).toEqual(expected.toSorted());
  });

  test("a partition's bounds may call functions", async () => {
    const called = "CREATE TABLE e2 PARTITION OF events FOR VALUES FROM (guard('x')) TO (MAXVALUE)";
    expect(await asks(called)).toContain("execute public.guard");
  });

  test.each([
    "ALTER TABLE orders ADD COLUMN m text DEFAULT mail(1)",
    "CREATE TABLE e2 PARTITION OF events FOR VALUES FROM (mail(1)) TO (MAXVALUE)",
    "ALTER TABLE events ATTACH PARTITION orders FOR VALUES FROM (mail(1)) TO (MAXVALUE)",
  ])("what is computed once stays in the catalog: %s", async (text) => {
    expect(await asks(text)).toContain(`read:write ${email}`);
  });

  test("what CASCADE takes is not known", async () => {
    expect((await asks("ALTER TABLE customers DROP COLUMN name CASCADE"))[0]).toBe("opaque");
  });
});

describe("columns added in the same text are followed", () => {
  const adding = (columns: number): string =>
    `CREATE TABLE made (a text); ALTER TABLE made ${Array.from({ length: columns }, (_, i) => `ADD COLUMN a${i} text`).join()}`;

  test("up to what a table may have, and what comes behind more is not known", async () => {
    expect(await asks(`${adding(1_500)}; INSERT INTO made (a7) VALUES ('x')`)).not.toContain(
      "opaque",
    );
    expect(await asks(`${adding(1_601)}; INSERT INTO made (a7) VALUES ('x')`)).toContain("opaque");
  });
});
