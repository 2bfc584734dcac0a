import { existsSync } from "node:fs";
import { describe } from "vitest";
import { fixedSeed } from "./settings.ts";
import { logIns } from "./wire/log-ins.ts";

describe.skipIf(!existsSync("/proc/self/status"))("mutated log-ins (Linux)", () => {
  logIns(fixedSeed, 12_000);
});
