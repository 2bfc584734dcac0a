import { pino } from "pino";
import { expect, test } from "vitest";
import { quietly } from "./quiet-log.ts";

test("a problem is said once, as a warning, and in few words", () => {
  const lines: string[] = [];
  const say = quietly(pino({ base: null }, { write: (line: string) => void lines.push(line) }));
  for (let i = 0; i < 3; i++) say.error("it cannot be sent", new Error("x".repeat(5000)));
  say.warn("another");
  say.info("nobody's business");
  const said = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(said.map(({ level, telemetry }) => [level, telemetry])).toEqual([
    [40, "it cannot be sent"],
    [40, "another"],
  ]);
  expect(String(said[0]?.["why"])).toHaveLength(200);
});
