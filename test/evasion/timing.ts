import { told, tell, showing, working, type Control, type Leak } from "./case.ts";

/**
 * Answers read from a clock: a statement takes long when the guess is right. What reads the clock is the target, in
 * the same transaction, so that neither run depends on how busy a machine is.
 */
export const timing: readonly Leak[] = showing([
  [
    "a sleep under a guess, and the clock behind it",
    `SELECT ${tell} FROM (SELECT count(*) AS n FROM (SELECT CASE WHEN email LIKE 'canary-a%' THEN pg_sleep(0.2) END FROM customers OFFSET 0) s) t WHERE n > 0 AND clock_timestamp() - statement_timestamp() > '0.2s'`,
    told,
  ],
  [
    "a sleep by a boolean",
    `BEGIN;\nSELECT count(pg_sleep(CASE WHEN vip THEN 0.2 ELSE 0 END)) FROM pay;\nSELECT CASE WHEN clock_timestamp() - now() > '0.2s' THEN ${tell} END;\nCOMMIT`,
    told,
  ],
  [
    "a sleep as long as a value",
    "BEGIN;\nSELECT count(pg_sleep(length(code) * 0.02)) FROM badges;\nSELECT 'slept' || ':' || (clock_timestamp() - now() > '0.24s');\nCOMMIT",
    "slept:true",
  ],
  [
    "a sleep in a condition",
    "BEGIN;\nSELECT id FROM pay WHERE pg_sleep(salary / 20000.0) IS NULL AND id = 1;\nSELECT 'slept' || ':' || (clock_timestamp() - transaction_timestamp() > '0.21s');\nCOMMIT",
    "slept:true",
  ],
  [
    "a sleep behind AND",
    `BEGIN;\nSELECT 1 FROM pay WHERE vip AND pg_sleep_for('0.2s') IS NULL;\nSELECT CASE WHEN clock_timestamp() > now() + interval '0.2s' THEN ${tell} END;\nCOMMIT`,
    told,
  ],
  [
    "a sleep in an aggregate's filter",
    `BEGIN;\nSELECT max(pg_sleep(0.2)::text) FILTER (WHERE vip) FROM pay;\nSELECT CASE WHEN timeofday()::timestamptz - now() > '0.2s' THEN ${tell} END;\nCOMMIT`,
    told,
  ],
  [
    "a sleep in an order",
    `BEGIN;\nSELECT 1 FROM pay ORDER BY CASE WHEN vip THEN pg_sleep(0.2)::text END;\nSELECT CASE WHEN extract(epoch FROM clock_timestamp() - now()) > 0.2 THEN ${tell} END;\nCOMMIT`,
    told,
  ],
  [
    "a sleep in a join",
    `BEGIN;\nSELECT 1 FROM pay p LEFT JOIN orders o ON CASE WHEN p.vip THEN pg_sleep(0.1) IS NULL END;\nSELECT ${tell} WHERE clock_timestamp() - now() > '0.2s';\nCOMMIT`,
    told,
  ],
  [
    "a sleep in RETURNING",
    `BEGIN;\nUPDATE pay SET name = name RETURNING CASE WHEN salary > 4000 THEN pg_sleep(0.2) END;\nSELECT ${tell} FROM generate_series(1, 1) WHERE clock_timestamp() - now() > '0.2s';\nROLLBACK`,
    told,
  ],
  [
    "a statement that is too late when the guess is right",
    "SET statement_timeout = '1s';\nSELECT CASE WHEN email LIKE 'canary-a%' THEN pg_sleep(60) END FROM customers WHERE id = 1",
    "due to statement timeout",
  ],
  [
    "too late by a lookup's rows",
    "BEGIN;\nSET LOCAL statement_timeout = '1s';\nSELECT count(pg_sleep(60)) FROM customers WHERE email ~ '^canary-a';\nROLLBACK",
    "due to statement timeout",
  ],
  [
    "too many rows when a number is large",
    "SET statement_timeout = '1s';\nSELECT count(*) FROM generate_series(1, (SELECT salary FROM pay WHERE id = 1)) a, generate_series(1, 1000000) b",
    "due to statement timeout",
  ],
  [
    "a regular expression that takes long",
    "SET statement_timeout = '1s';\nSELECT count(CASE WHEN starts_with(email, 'canary-a') THEN nullif(repeat('ab', 100000 + turn) ~ '(a|b)*c\\1', true) END) FROM customers, generate_series(1, 1000000) turn WHERE customers.id = 1",
    "due to statement timeout",
  ],
  [
    "a pattern that takes long, for a piece",
    "SET statement_timeout = '1s';\nSELECT count(substring(email || repeat('ab', 100000) || turn FROM '^canary-a[^q]*(a|b)*c\\1')) FROM customers, generate_series(1, 1000000) turn WHERE customers.id = 1",
    "due to statement timeout",
  ],
  [
    "a recursion that does not end",
    "SET statement_timeout = '1s';\nWITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r WHERE EXISTS (SELECT FROM pay WHERE vip)) SELECT count(*) FROM r",
    "due to statement timeout",
  ],
  [
    "a block that sleeps under a guess",
    "BEGIN;\nSET LOCAL statement_timeout = '1s';\nDO $$ BEGIN IF (SELECT vip FROM pay WHERE id = 1) THEN PERFORM pg_sleep(60); END IF; END $$;\nROLLBACK",
    "due to statement timeout",
  ],
]);

export const timingControls: readonly Control[] = working([
  [
    "clocks compared",
    "SELECT clock_timestamp() >= statement_timestamp(), statement_timestamp() >= now()",
  ],
  [
    "a statement that is too late",
    "SET statement_timeout = '1s';\nSELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100) b",
  ],
]);
