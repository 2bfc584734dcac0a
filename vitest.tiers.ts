import { configDefaults, type TestProjectInlineConfiguration } from "vitest/config";

const setupFiles = ["./libs/testkit/src/no-stray-output.ts"];
/**
 * Tests with real servers: two files at a time, each in a process of its own. Their times are for machines that are busy
 * elsewhere; a wait within a test says sooner what it waits for.
 */
const withPeers = {
  pool: "forks",
  maxWorkers: 2,
  // Tests of one file that share nothing.
  maxConcurrency: 3,
  hookTimeout: 300_000,
  setupFiles,
} as const;

/** One part of ours and one server mostly wait for each other: one file more keeps two cores busy. After all others. */
const mostlyWaiting = { ...withPeers, maxWorkers: 3, sequence: { groupOrder: 1 } } as const;

/** Files that run against each older major of PostgreSQL too; `short` are those that do in `npm test`. */
const perMajor = {
  short: {
    15: ["test/peer/sql.peer.test.ts", "test/journey/prepared.journey.test.ts"],
    16: ["test/peer/sql.peer.test.ts"],
    17: ["test/peer/sql.peer.test.ts"],
  },
  peer: ["test/peer/sql.peer.test.ts", "test/peer/sql-canary.peer.test.ts"],
  journey: [
    "test/journey/prepared.journey.test.ts",
    "test/journey/{cancels,copy,copy-detected,copy-masked,copy-protocol,drivers,evasion,holds,idle,limits,losses,masking,pipelines,policy-changes,portals,result-size,session-catalog,settings,startup,transactions,withheld}.journey.test.ts",
  ],
};

/** Tiers by name and place: unit tests lie beside the code, the others need real peers. */
export function tiers(options: {
  exclude?: string[];
  long?: string[];
}): TestProjectInlineConfiguration[] {
  const exclude = [...configDefaults.exclude, ...(options.exclude ?? options.long ?? [])];
  // Where cases are much alike, a file has some of them in `npm test`, and all of them with this.
  const env: Record<string, string> = options.long ? { SALLY_TEST_ALL: "yes" } : {};
  const projects: TestProjectInlineConfiguration[] = [
    {
      test: {
        name: "unit",
        include: [
          "{libs,services}/*/src/**/*.test.ts",
          "cli/src/**/*.test.ts",
          "infra/**/*.test.ts",
          "test/evasion/*.test.ts",
        ],
        exclude,
        // Pure for the most part: two threads load the modules once each, instead of each file a process of its own.
        pool: "threads",
        maxWorkers: 2,
        isolate: false,
        // Some start a process, for which a machine that is busy elsewhere takes its time.
        testTimeout: 60_000,
        setupFiles,
      },
    },
    {
      test: {
        ...mostlyWaiting,
        name: "peer",
        include: ["test/peer/**/*.peer.test.ts"],
        exclude,
        testTimeout: 180_000,
      },
    },
    {
      test: {
        ...withPeers,
        name: "journey",
        include: ["test/journey/**/*.journey.test.ts", "test/chaos/**/*.chaos.test.ts"],
        exclude,
        env,
        testTimeout: 300_000,
      },
    },
  ];
  projects.push({
    test: {
      ...withPeers,
      name: "fuzz",
      include: ["test/fuzz/*.fuzz.test.ts"],
      exclude,
      testTimeout: 600_000,
    },
  });
  for (const major of [15, 16, 17] as const) {
    const { short, peer, journey } = perMajor;
    projects.push({
      test: {
        ...withPeers,
        name: `postgres-${major}`,
        include: options.long ? [...peer, ...journey] : short[major],
        env: { ...env, SALLY_TEST_POSTGRES: String(major) },
        testTimeout: 300_000,
      },
    });
  }
  if (options.long) {
    projects.push({
      test: { ...withPeers, name: "long", include: options.long, testTimeout: 3_600_000 },
    });
  }
  return projects;
}
