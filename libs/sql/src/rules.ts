/**
 * What the analyser holds against an evasion, rule by rule. A rule is switched off by a test only, to show that a
 * case falls without it: nothing of this is exported from the package, and no config reaches it.
 */
export const rules = {
  // What decides over a classified column is asked as a predicate.
  condition: "a WHERE, ON or HAVING decides which rows are there",
  sort: "an order decides which rows come first",
  group: "a group decides which rows are counted together",
  distinct: "DISTINCT and set operations without ALL decide which rows remain",
  limit: "LIMIT and OFFSET decide how many rows there are",
  window: "a window decides what a row is put together with",
  aggregate: "FILTER, DISTINCT and the order of an aggregate decide what it is made of",
  comparison: "an operator compares, or may fail",
  call: "a function may fail, or answer with rows or with true and false",
  cast: "a cast may fail for some values",
  case: "CASE and COALESCE choose by a value",
  boolean: "AND, OR, NOT and IS decide",
  subscript: "a subscript chooses",
  array: "arrays of different lengths do not fit into one",
  document:
    "what is in a document decides about JSON and XML functions, and how many rows they give",
  sample: "TABLESAMPLE chooses rows by its arguments",
  conflict: "ON CONFLICT tells whether a key is there",
  merge: "a WHEN of MERGE decides what is done",
  strict: "a STRICT function answers whether an argument is null",
  policy: "a row-security policy decides which rows are there",
  constraint: "a CHECK compares what is set with what is there",
  unique: "a unique index tells whether a value is there",
  exclusion: "EXCLUDE, and a unique index by an expression or condition, compare in other ways",
  "not valid": "a constraint that is not valid fails for rows from before it",
  reference: "a foreign key tells whether a value is there",
  index: "an index computes over every row, and sorts",
  alteration: "ALTER TABLE computes over every row",
  // What is stored is asked as a write.
  store: "a value is stored in a column",
  query: "a query's rows, or the query itself, are kept",
  file: "rows are written to a file or program of the server",
  setting: "a value is kept in a setting",
  sequence: "a value is kept in a sequence",
  handed: "code that others' statements will run is handed what they may see",
  move: "a classified column leaves the name under which it is classified",
  // Code that people wrote is asked as `execute`.
  function: "a call runs it",
  operator: "an operator runs it",
  "user cast": "a cast runs it",
  input: "reading a value of a domain, or of a type that holds one, runs it",
  trigger: "a change runs it by a trigger",
  stored: "a change runs it by a constraint, index, default or policy",
  event: "DDL runs it by an event trigger",
  maintenance: "ANALYZE and its kin run it by indexes and statistics",
  // What feeds a column.
  computed: "what is computed from a column is not the column",
  executed: "what code that is not traced answers could be made of every classified column",
  view: "a view's column is what its query computes",
  "view asks": "reading a view asks what its query asks",
  body: "a function written in SQL gives what its body reads",
  generated: "a generated column is made of its expression's columns",
  parents: "a child's column is its parent's",
  children: "a parent shows its children's column",
  returned: "RETURNING shows what was just stored",
  plan: "a plan tells the width of what it reads, and what was computed when it was made",
  texts: "errors and notices tell values of the tables that a statement touches",
  // What a statement causes.
  cascade: "foreign keys change and delete in other tables",
  partitions: "partitions and children change with their parent",
  "view change": "a change of a view changes its table",
  // What is not known is opaque.
  temporary: "a temporary object may hide another",
  planned: "what was planned before does not see what hides its names since",
  unsettled: "what follows DDL means something else",
  names: "names of prepared statements and cursors that nobody knows",
  "own equality": "only the type's own equality is a lookup",
  "lookup place": "only a top-level term of this level's condition is a lookup",
  unread: "what is not understood is opaque",
  // What the server keeps to itself.
  secret: "some settings hold passwords, and some ways show them all",
  // What is never permitted.
  fixed: "the settings under which text is read do not change",
} as const;

export type Rule = keyof typeof rules;

let off: Rule | null = null;

export const applies = (rule: Rule): boolean => off !== rule;

/** Runs `step` as if the analyser lacked one rule. For tests. */
export function without<T>(rule: Rule | null, step: () => T): T {
  off = rule;
  try {
    return step();
  } finally {
    off = null;
  }
}
