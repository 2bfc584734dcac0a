import { expect, test, vi } from "vitest";

test.fails.each([
  ["the console", () => console.warn("a warning")],
  ["standard output", () => process.stdout.write("a line\n")],
  ["standard error", () => process.stderr.write(Buffer.from("a line\n"))],
])("a test fails that writes to %s", (_, write) => {
  expect(write).not.toThrow(); // the writing works; the end of the test fails
});

test("a test that takes the stream over may write to it", () => {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  process.stdout.write("expected");
  expect(write).toHaveBeenCalledWith("expected");
  write.mockRestore();
});
