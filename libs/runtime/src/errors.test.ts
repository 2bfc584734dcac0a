import { expect, test } from "vitest";
import { asSallyError, catalogue, isErrorCode, SallyError } from "./index.ts";

test("an error's public part has its parameters and nothing of its cause", () => {
  const error = new SallyError("target-refused", {
    params: { connection: "orders" },
    cause: new Error("password authentication failed for user app with hunter2"),
  });
  expect(error.message).toBe(
    "connection `orders`: the target does not accept the gateway's log-in",
  );
  expect(error.sqlstate).toBe("08004");
  expect(JSON.stringify(error)).not.toContain("hunter2");
});

test("what is thrown by surprise becomes `internal` and keeps quiet", () => {
  const error = asSallyError(new Error("hunter2"));
  expect(error.toJSON()).toEqual({
    code: "internal",
    message: "something went wrong inside; the log of the process says more",
  });
});

test.each(Object.entries(catalogue))("`%s` keeps the rules of error texts", (code, entry) => {
  expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  expect(entry.sqlstate).toMatch(/^[0-9A-Z]{5}$/);
  expect(entry.http).toBeGreaterThanOrEqual(400);
  for (const text of [entry.text, "hint" in entry ? entry.hint : ""]) {
    expect(text).not.toMatch(/\.$/);
    expect(text.charAt(0)).toBe(text.charAt(0).toLowerCase());
  }
});

test("only codes of the catalogue are ones", () => {
  expect(isErrorCode("policy-denied")).toBe(true);
  expect(isErrorCode("toString")).toBe(false);
});
