import type { Reporter, TestModule } from "vitest/node";

/** Names every test that was skipped, at the end of a run. Its title says what it needs. */
export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules) {
      for (const test of module.children.allTests("skipped")) {
        process.stdout.write(`skipped: ${module.relativeModuleId} > ${test.fullName}\n`);
      }
    }
  }
}
