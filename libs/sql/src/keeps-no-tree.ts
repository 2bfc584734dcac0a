/** Statements of which nothing keeps or hands on the parse tree: what was asked of it while they were read is all. */
export const keepsNoTree: ReadonlySet<string> = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
]);
