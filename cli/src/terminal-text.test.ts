import { expect, test } from "vitest";
import { shortened, visible, visibleLines } from "./terminal-text.ts";

test("nothing recorded can move the cursor, colour, retitle or reverse a terminal", () => {
  expect(visible("\u001b[31mred\u001b[0m")).toBe("\\u{1b}[31mred\\u{1b}[0m");
  expect(visible("a\u0007b\u009bc\u007fd")).toBe("a\\u{7}b\\u{9b}c\\u{7f}d");
  expect(visible("\u202eabc\u2066\u200b\ufeff\u2028")).toBe(
    "\\u{202e}abc\\u{2066}\\u{200b}\\u{feff}\\u{2028}",
  );
  expect(visible("\ud800x")).toBe("\\u{d800}x");
  expect(visible("line\r\nnext\tcell")).toBe("line\\r\\nnext\\tcell");
});

test("readable text of any language stays as it is", () => {
  for (const text of ["héllo", "日本語", "Привет", "🙂", "a'b\"c\\d"])
    expect(visible(text)).toBe(text);
});

test("a statement keeps its lines", () => {
  expect(visibleLines("select 1\r\n\tfrom t\u001b")).toEqual(["select 1", "    from t\\u{1b}"]);
});

test("cutting says so and leaves no half character", () => {
  expect(shortened("abcdef", 4)).toBe("abc…");
  expect(shortened("ab🙂cd", 4)).toBe("ab…");
  expect(shortened("abc", 3)).toBe("abc");
});
