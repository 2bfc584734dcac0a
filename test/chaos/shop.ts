/** What nobody may see: it stands in masked columns. */
export const canary = { email: "canary.7f3a@example.com", card: "4929000011112222" } as const;

/** The tables of database `shop`. */
export const shopSql = `
  CREATE TABLE ledger (n integer PRIMARY KEY);
  CREATE TABLE customers (id integer PRIMARY KEY, name text, email text, card_number text);
  INSERT INTO customers SELECT i, 'customer ' || i, '${canary.email}', '${canary.card}'
    FROM generate_series(1, 3) AS i;
`;
/** All may do all, and see nothing personal. */
export const shopPolicies = `
  @id("all") permit (principal, action, resource);
  @id("pii") @mask("redact") forbid (principal, action == Action::"read", resource in Tag::"pii")
  unless { context.use == "lookup" };
`;
