import { existsSync } from "node:fs";
import { describe } from "vitest";
import { freshSeed, longTime } from "./settings.ts";
import { logIns } from "./wire/log-ins.ts";

describe.skipIf(!existsSync("/proc/self/status"))("mutated log-ins (Linux)", () => {
  logIns(freshSeed, longTime);
});
