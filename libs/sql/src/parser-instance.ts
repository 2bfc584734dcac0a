import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { particularsOf, type Particulars } from "./syntax-errors.ts";
import type { Fields } from "./tree.ts";

/** Majors whose grammar we carry; another target is refused at start. */
export const majors = [15, 16, 17, 18] as const;
export type Major = (typeof majors)[number];

export interface ParseTree {
  readonly version: number;
  /** Each `{ stmt, stmt_location?, stmt_len? }`, offsets in bytes. */
  readonly stmts: readonly Fields[];
}

export interface SyntaxFault extends Particulars {
  readonly kind: "syntax-error";
  readonly message: string;
  /** Counts characters from 1, as PostgreSQL's P field; 0: it has none. */
  readonly position: number;
}

export type Parsed =
  | { readonly kind: "tree"; readonly tree: ParseTree }
  | SyntaxFault
  /** The parser broke (depth, memory): the statement is refused, the instance is thrown away. */
  | { readonly kind: "failed"; readonly message: string };

/** The parse tree as JSON text, so that it can cross threads. */
export type ParsedText =
  | { readonly kind: "json"; readonly json: string }
  | Exclude<Parsed, { kind: "tree" }>;

interface Emscripten {
  readonly _malloc: (bytes: number) => number;
  readonly _free: (pointer: number) => void;
  readonly _wasm_parse_query_raw: (query: number) => number;
  readonly _wasm_free_parse_result: (result: number) => void;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, bytes: number): void;
  UTF8ToString(pointer: number): string;
  getValue(pointer: number, type: "i32"): number;
}

/** What we use of the WebAssembly that Node has; TypeScript declares it only for browsers. */
interface Assembly {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Assembly };

type Factory = (options: {
  instantiateWasm(imports: object, receive: (instance: object) => void): object;
  print(): void;
  printErr(): void;
}) => Promise<Emscripten>;

const require = createRequire(import.meta.url);
const compiled = new Map<Major, object>();

function compile(major: Major): object {
  const known = compiled.get(major);
  if (known) return known;
  const path = require.resolve(`libpg-query-${major}/wasm/libpg-query.wasm`);
  const module = new WebAssembly.Module(readFileSync(path));
  compiled.set(major, module);
  return module;
}

/** One WebAssembly instance of the parser: its memory is its own, so dropping it forgets any damage. */
export interface ParserInstance {
  /** Throws what the instance throws: the caller then drops it. */
  parse(text: string): ParsedText;
}

/** A fresh instance (the packages' own entry points share one for good, so we call their factory). */
export async function newInstance(major: Major): Promise<ParserInstance> {
  const factory = require(`libpg-query-${major}/wasm/libpg-query.js`) as Factory;
  const module = compile(major);
  const wasm = await factory({
    instantiateWasm(imports, receive) {
      const instance = new WebAssembly.Instance(module, imports);
      receive(instance);
      return instance.exports;
    },
    print: () => {},
    printErr: () => {},
  });
  return { parse: (text) => parseWith(wasm, text) };
}

/** PgQueryParseResult { tree, stderr, error }; PgQueryError { message, function, file, line, cursor }. */
function parseWith(wasm: Emscripten, text: string): ParsedText {
  const {
    _malloc: allocate,
    _free: free,
    _wasm_parse_query_raw: parseRaw,
    _wasm_free_parse_result: freeResult,
  } = wasm;
  const bytes = wasm.lengthBytesUTF8(text) + 1;
  const query = allocate(bytes);
  if (query === 0) return { kind: "failed", message: "the parser is out of memory" };
  wasm.stringToUTF8(text, query, bytes);
  const result = parseRaw(query);
  free(query);
  if (result === 0) return { kind: "failed", message: "the parser is out of memory" };
  const string = (pointer: number): string => (pointer === 0 ? "" : wasm.UTF8ToString(pointer));
  const error = wasm.getValue(result + 8, "i32");
  const parsed: ParsedText =
    error === 0
      ? { kind: "json", json: string(wasm.getValue(result, "i32")) }
      : syntaxError(
          string(wasm.getValue(error, "i32")),
          string(wasm.getValue(error + 4, "i32")),
          wasm.getValue(error + 16, "i32"),
        );
  freeResult(result);
  return parsed;
}

const syntaxError = (message: string, raisedIn: string, cursor: number): SyntaxFault => ({
  kind: "syntax-error",
  message,
  ...particularsOf(message, raisedIn),
  position: Math.max(0, cursor),
});
