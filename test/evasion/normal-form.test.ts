import { expect, test } from "vitest";
import { NormalForms } from "./normal-form.ts";
import { classified } from "./policies.ts";
import { recordedCatalog } from "./recorded-catalog.ts";

const forms = new NormalForms(await recordedCatalog(), classified);

test.each([
  ["SELECT email FROM customers", "SELECT c.code AS x FROM public.badges AS c"],
  ["SELECT email FROM customers", 'select/**/email FROM U&"\\0063ustomers"'],
  ["SELECT id FROM pay WHERE salary = 4321", "SELECT name FROM pay p WHERE p.code = 1"],
  ["SELECT email FROM customers LIMIT 1", "SELECT code FROM teams LIMIT 77"],
  ["COPY customers (email) TO STDOUT", "COPY customers (card_number) TO STDOUT"],
  [
    "PREPARE a AS SELECT 1;\nEXECUTE a;\nDEALLOCATE a",
    "PREPARE b AS SELECT 2;\nEXECUTE b;\nDEALLOCATE b",
  ],
  [
    "CREATE TABLE loot AS SELECT email AS e FROM customers;\nDROP TABLE loot",
    "CREATE TABLE bag AS SELECT code FROM badges;\nDROP TABLE bag",
  ],
  ["BEGIN;\nSAVEPOINT s;\nROLLBACK TO s", "BEGIN;\nSAVEPOINT t;\nROLLBACK TO t"],
  [
    "WITH a AS (SELECT email FROM customers) SELECT * FROM a",
    "WITH b AS (SELECT code FROM teams) SELECT * FROM b",
  ],
  [
    "SELECT set_config('my.x', email, false) FROM customers",
    "SELECT set_config('our.y', code, true) FROM pay",
  ],
  ["SELECT steal(1)", "SELECT steal(2)"],
  ["LISTEN a;\nNOTIFY a, 'x'", "LISTEN b;\nNOTIFY b, 'y'"],
])("names and literals tell nothing apart: %s", async (one, other) => {
  expect(await forms.of(one)).toBe(await forms.of(other));
});

test.each([
  ["SELECT email FROM customers", "SELECT name FROM customers"],
  ["SELECT doc FROM pay", "SELECT doc FROM tickets"],
  ["SELECT email FROM customers", "SELECT email FROM events"],
  ["SELECT email FROM events", "SELECT email FROM events_2026"],
  ["SELECT email FROM customers", "SELECT email FROM customers_vip"],
  ["SELECT email FROM customers", "SELECT line FROM afar"],
  ["SELECT mail FROM roster_names", "SELECT contact FROM contacts"],
  ["SELECT contact FROM contacts", "SELECT contact FROM contacts_copy"],
  ["SELECT email_of(1)", "SELECT mail_atomic(1)"],
  ["SELECT steal(1)", "SELECT there('x')"],
  ["SELECT upper(email) FROM customers", "SELECT lower(email) FROM customers"],
  ["SELECT doc -> 'k' FROM pay", "SELECT doc ->> 'k' FROM pay"],
  ["SELECT @@@ 1", "SELECT - 1"],
  ["SELECT 1::stealing", "SELECT 1::numeric"],
  ["SELECT id FROM pay WHERE salary = 1", "SELECT id FROM pay WHERE salary = 'x'"],
  ["SELECT id FROM pay LIMIT 1", "SELECT id FROM pay OFFSET 1"],
  ["SET search_path = other", "SET my.path = other"],
  ["DELETE FROM rooms", "DELETE FROM vault"],
  ["SELECT 1;\nSELECT 2", "SELECT 1\\; SELECT 2"],
  ["COPY customers TO STDOUT", "\\copy customers to stdout"],
  ["SELECT relname FROM pg_class", "SELECT typname FROM pg_type"],
])("what is something else is told apart: %s, %s", async (one, other) => {
  expect(await forms.of(one)).not.toBe(await forms.of(other));
});
