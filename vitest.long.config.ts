import { defineConfig } from "vitest/config";
import { tiers } from "./vitest.tiers.ts";

/** `npm run test:long`: all tests, and those named `*.long.test.ts`. */
export default defineConfig({
  test: {
    reporters: ["default", "./libs/testkit/src/skipped-reporter.ts"],
    projects: tiers({
      long: [
        "{libs,services}/*/src/**/*.long.test.ts",
        "cli/src/**/*.long.test.ts",
        "test/**/*.long.test.ts",
      ],
    }),
  },
});
