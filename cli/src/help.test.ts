import { expect, test } from "vitest";
import { makeProgram } from "./app.ts";

test("help tells an option's default, unless there is nothing in it", async () => {
  const program = await makeProgram("connect");
  const connect = program.commands.find((command) => command.name() === "connect");
  const help = connect?.helpInformation() ?? "";
  expect(help).toContain('(default: "./sallyport.yaml")');
  expect(help).toMatch(/may be\s+given\s+several times\n/);
  expect(help).not.toContain("[])");
});
