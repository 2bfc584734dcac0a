export { analyse, analysing, type AnalysedTree, type Subject } from "./analyse.ts";
export type {
  Analysis,
  Effects,
  Output,
  Statement,
  TextForm,
  TransactionEffect,
} from "./analysis.ts";
export {
  changedBetween,
  markBase,
  markQuery,
  readMarks,
  type CatalogMarks,
} from "./catalog-marks.ts";
export { builtinCatalog, catalogAbove, ownRows } from "./builtin-catalog.ts";
export type { Catalog } from "./catalog.ts";
export {
  catalogQueries,
  catalogSettings,
  builtinDigest,
  lockedSetting,
  ownQueries,
  ownQueriesUnlocked,
  sessionQueries,
  type CatalogQuery,
} from "./catalog-queries.ts";
export { classification, type Classification, type Classified } from "./classification.ts";
export { portalCursor, type Cursor } from "./cursors.ts";
export { dependentsQuery, dependentsUnknown, readDependents } from "./dependents.ts";
export { qualified, quoteIdent, splitQualified } from "./identifiers.ts";
export { isBeingChanged, maybeTemporary, temporaryObject, type NameContext } from "./names.ts";
export { templateOf, type Template, type WrittenLiteral } from "./literals.ts";
export {
  majors,
  type Major,
  type Parsed,
  type ParseTree,
  type SyntaxFault,
} from "./parser-instance.ts";
export { openParser, threadAbove, type LongParsed, type Parser, type TooMuch } from "./parser.ts";
export { protocolQuery, type PreparedQuery } from "./prepared-queries.ts";
export type { Folding } from "./folded-lists.ts";
export { readCatalog, type CatalogRows } from "./read-catalog.ts";
export {
  readSessionRows,
  sessionCatalog,
  sessionSettings,
  sessionStatements,
  type SessionPart,
  type SessionRows,
} from "./session-catalog.ts";
export {
  needsSessionNames,
  noNames,
  renamed,
  type Naming,
  type SessionNames,
} from "./session-names.ts";
export { analyseTemplate, type TemplateSubject } from "./templates.ts";
export { openCatalog } from "./stored-texts.ts";
export { writtenCatalog, WrittenCatalogError, writtenMajor } from "./written-catalog.ts";
