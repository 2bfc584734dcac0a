import { expect, test } from "vitest";
import { after, read } from "./analysis.fixture.ts";

test.each([
  ["PREPARE p AS SELECT 1; DEALLOCATE ALL", "EXECUTE p", "26000"],
  ["PREPARE p AS SELECT 1; DISCARD ALL", "EXECUTE p", "26000"],
  ["DECLARE c CURSOR FOR SELECT 1; CLOSE ALL", "FETCH c", "34000"],
])("once all are gone, the target's own answer: %s; %s", async (before, text, sqlstate) => {
  expect(await read(text, { session: await after(before) })).toMatchObject({ sqlstate });
});
