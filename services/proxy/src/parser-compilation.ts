import { setFlagsFromString } from "node:v8";

/**
 * Keeps the WebAssembly of the parser as it is compiled first. Its grammar is one function, for which V8's optimising
 * compiler takes 570 MB for a second or more, and 40 MB for good: for 2 of the 6 µs that a short statement takes, and
 * those are paid once a text. To be called before the first statement is read; it holds for the process.
 */
export function compileParserOnce(): void {
  setFlagsFromString("--no-wasm-tier-up");
  setFlagsFromString("--no-wasm-dynamic-tiering");
}
