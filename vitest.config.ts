import { defineConfig } from "vitest/config";

/** Tiers by name and place: unit tests lie beside the code, the others need real peers. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{libs,services}/*/src/**/*.test.ts", "cli/src/**/*.test.ts"],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: "peer",
          include: ["test/peer/**/*.peer.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          pool: "forks",
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "journey",
          include: ["test/journey/**/*.journey.test.ts", "test/chaos/**/*.chaos.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          pool: "forks",
          maxWorkers: 2,
        },
      },
    ],
  },
});
