import { writeSync } from "node:fs";
import { expect, test } from "vitest";
import { fuzzSessions, startSessionsCluster, type Bound } from "./sessions.ts";

/** The test of a gateway that permits everything, up to a bound. */
export function sameSessions(seed: number, bound: Bound): void {
  test("what PostgreSQL says to a client that keeps to the protocol, the gateway says byte for byte", async () => {
    await using cluster = await startSessionsCluster();
    const { reach, found } = await fuzzSessions(cluster, seed, bound);
    writeSync(1, `${reach.text(`sessions with seed ${seed}`)}\n`);
    for (const { seed: own, problem, script } of found)
      writeSync(1, `\nseed ${own}: ${problem}\n${script}\n`);
    expect(found).toEqual([]);
    expect(reach.of("sessions")).toBeGreaterThan(3);
  });
}
