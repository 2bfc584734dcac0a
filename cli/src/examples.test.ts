import type { Command } from "commander";
import { expect, test } from "vitest";
import { makeProgram } from "./app.ts";

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

const every = (command: Command, path: string): (readonly [string, Command])[] =>
  command.commands
    .filter((inner) => inner.name() !== "help")
    .flatMap((inner) => {
      const name = `${path}${inner.name()}`;
      return [[name, inner] as const, ...every(inner, `${name} `)];
    });

const program = await makeProgram(undefined);
const there = every(program, "").filter(
  ([, command]) => !command.description().includes("not there yet"),
);

test.each(there)("`sally %s --help` shows examples", (name, command) => {
  expect(helpOf(command)).toMatch(
    new RegExp(`Examples:\\n(.*\\n)*?.*sally ${name.split(" ")[0] ?? ""}`),
  );
});

test("the commands are those of the agreement", () => {
  expect(program.commands.map((command) => command.name())).toEqual([
    "init",
    "up",
    "setup",
    "apply",
    "doctor",
    "policy",
    "identity",
    "approvals",
    "login",
    "connect",
    "sessions",
    "replay",
    "verify",
    "query",
  ]);
});
