/** What nobody may see: it stands in masked columns. */
export const canary = { email: "canary.7f3a@example.com", card: "4929000011112222" } as const;

/** Rows of `crowd`, and of each COPY into `lots`. */
export const rowsOf = { crowd: 5000, lot: 100 } as const;

/** The tables of database `shop`. A row of `held` takes an approval. */
export const shopSql = `
  CREATE TABLE ledger (n integer PRIMARY KEY);
  CREATE TABLE held (n integer PRIMARY KEY);
  CREATE TABLE lots (lot integer, n integer, PRIMARY KEY (lot, n));
  CREATE TABLE customers (id integer PRIMARY KEY, name text, email text, card_number text);
  INSERT INTO customers SELECT i, 'customer ' || i, '${canary.email}', '${canary.card}'
    FROM generate_series(1, 3) AS i;
  CREATE TABLE crowd (id integer PRIMARY KEY, name text, email text);
  INSERT INTO crowd SELECT i, 'somebody ' || i, '${canary.email}'
    FROM generate_series(1, ${rowsOf.crowd}) AS i;
`;
/** All may do all, and see nothing personal; what is held waits for a DBA. */
export const shopPolicies = `
  @id("all") permit (principal, action, resource);
  @id("pii") @mask("redact") forbid (principal, action == Action::"read", resource in Tag::"pii")
  unless { context.use == "lookup" };
  @id("held") @hold("corp/dba") @wait("20s") @ttl("5m")
  forbid (principal, action == Action::"insert", resource == Table::"shop/public.held");
`;
/** What the policies speak of. */
export const shopColumns: Record<string, string[]> = {
  "public.customers.email": ["pii"],
  "public.customers.card_number": ["pii"],
  "public.crowd.email": ["pii"],
};
/** Who answers holds. */
export const shopPeople = { alice: { groups: ["dba"] } } as const;
