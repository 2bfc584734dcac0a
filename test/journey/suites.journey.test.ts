import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPsql } from "@sallyport/testkit";
import { openDoors, type Doors } from "../suites/doors.ts";
import { hasSuites, suitesDirectory } from "../suites/place.ts";
import { runSuite, type Compared } from "../suites/run.ts";
import { runSqlSuite } from "../suites/regress.ts";

/** Files of PostgreSQL's regression suite that need nothing of it built; `npm run test:suites` runs all. */
const slice = [
  ..."boolean text int8 strings select union".split(" "),
  ..."transactions portals errors prepare copyselect".split(" "),
  ...(process.env["SALLY_TEST_ALL"] === undefined
    ? []
    : "char name varchar oid float4 case limit".split(" ")),
];

describe.skipIf(!hasPsql() || !hasSuites())(
  "PostgreSQL's own regression files answer as they do directly (psql, Debian's sources)",
  () => {
    let doors: Doors;
    let scratch: string;
    let compared: Compared[];

    beforeAll(async () => {
      const suites = suitesDirectory("files");
      scratch = await mkdtemp(join(tmpdir(), "sallyport-suites-"));
      doors = await openDoors(15);
      const run = { suites, scratch, tell: () => undefined };
      // What the files stand on, past the gateway.
      const setup = { name: "regress", directory: join(suites, "regress"), files: ["test_setup"] };
      const behind = { name: "through" as const, env: () => doors.behind() };
      for (const door of [doors.direct, behind])
        await runSqlSuite(setup, door, join(scratch, "place"), join(scratch, "setup"), run.tell);
      compared = await runSuite("regress", slice, doors, run);
    }, 600_000);
    afterAll(async () => {
      await doors?.[Symbol.asyncDispose]();
      await rm(scratch, { recursive: true, force: true });
    });

    test.each(slice)("%s", (file) => {
      const found = compared.find((one) => one.file === `regress/${file}`);
      expect(found?.differences.filter(({ listed }) => !listed)).toEqual([]);
    });
  },
);
