import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readBenchArguments } from "../bench/arguments.ts";
import { readSuitesArguments } from "../test/suites/arguments.ts";
import { readCall } from "./program-arguments.ts";

test("a program that is asked how it is called says so, and does nothing else", () => {
  const read = (): never => {
    throw new Error("read");
  };
  const end = { kind: "end", code: 0, text: "usage: it" };
  expect(readCall("usage: it", read, ["--quick", "--help"])).toEqual(end);
  expect(readCall("usage: it", read, ["-h"])).toEqual(end);
});

test.each([
  { read: readBenchArguments, argv: ["--only", "rows,columns"], why: "no section `columns`" },
  { read: readBenchArguments, argv: ["--quik"], why: "Unknown option '--quik'" },
  { read: readSuitesArguments, argv: ["regres/prepare"], why: "no suite `regres`" },
  { read: readSuitesArguments, argv: ["--verbos"], why: "Unknown option '--verbos'" },
])("a program that is called with $argv says why it does nothing: $why", ({ read, argv, why }) => {
  const call = readCall<unknown>("usage: it", read, argv);
  expect(call).toMatchObject({ kind: "end", code: 2 });
  const [said = "", usage] = "text" in call ? call.text.split("\n") : [];
  expect(said.startsWith(why)).toBe(true);
  expect(usage).toBe("usage: it");
});

test("a bench measures what it is told to", () => {
  const { quick, wanted } = readBenchArguments(["--quick", "--only", "rows,log-ins"]);
  expect({ quick, wanted: [...wanted] }).toEqual({ quick: true, wanted: ["rows", "log-ins"] });
  expect(readBenchArguments([]).wanted.size).toBe(10);
});

test("of the suites, whole ones and single files can be named", () => {
  const { wanted } = readSuitesArguments(["regress/copy", "regress/prepare", "plpgsql"]);
  expect([...wanted]).toEqual([
    ["regress", ["copy", "prepare"]],
    ["plpgsql", "all"],
  ]);
  expect([...readSuitesArguments([]).wanted.values()]).toEqual(["all", "all", "all", "all"]);
});

test("what it says goes where it is looked for", () => {
  const program = fileURLToPath(new URL("nats/generate.ts", import.meta.url));
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
  const help = run("--help");
  expect({ status: help.status, stderr: help.stderr }).toEqual({ status: 0, stderr: "" });
  expect(help.stdout).toMatch(/^usage: node infra\/nats\/generate\.ts /);
  const wrong = run("--workers", "w1");
  expect({ status: wrong.status, stdout: wrong.stdout }).toEqual({ status: 2, stdout: "" });
  expect(wrong.stderr).toMatch(/^--out is missing\nusage: /);
});
