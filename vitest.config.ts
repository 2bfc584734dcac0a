import { defineConfig } from "vitest/config";
import { tiers } from "./vitest.tiers.ts";

/** `npm test`: everything that fits in 15 minutes on two cores. */
export default defineConfig({
  test: {
    reporters: ["default", "./libs/testkit/src/skipped-reporter.ts"],
    projects: tiers({ exclude: ["**/*.long.test.ts"] }),
  },
});
