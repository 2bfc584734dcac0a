import { configDefaults, type TestProjectInlineConfiguration } from "vitest/config";

const setupFiles = ["./libs/testkit/src/no-stray-output.ts"];
/** Tests with real servers: two files at a time, each in a process of its own. */
const withPeers = { pool: "forks", maxWorkers: 2, hookTimeout: 120_000, setupFiles } as const;

/** Tiers by name and place: unit tests lie beside the code, the others need real peers. */
export function tiers(options: {
  exclude?: string[];
  long?: string[];
}): TestProjectInlineConfiguration[] {
  const exclude = [...configDefaults.exclude, ...(options.exclude ?? options.long ?? [])];
  const projects: TestProjectInlineConfiguration[] = [
    {
      test: {
        name: "unit",
        include: [
          "{libs,services}/*/src/**/*.test.ts",
          "cli/src/**/*.test.ts",
          "infra/**/*.test.ts",
        ],
        exclude,
        testTimeout: 10_000,
        setupFiles,
      },
    },
    {
      test: {
        ...withPeers,
        name: "peer",
        include: ["test/peer/**/*.peer.test.ts"],
        exclude,
        testTimeout: 60_000,
      },
    },
    {
      test: {
        ...withPeers,
        name: "journey",
        include: ["test/journey/**/*.journey.test.ts", "test/chaos/**/*.chaos.test.ts"],
        exclude,
        testTimeout: 120_000,
      },
    },
  ];
  if (options.long) {
    projects.push({
      test: { ...withPeers, name: "long", include: options.long, testTimeout: 3_600_000 },
    });
  }
  return projects;
}
