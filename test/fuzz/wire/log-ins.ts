import { writeSync } from "node:fs";
import { waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { startCluster } from "../../journey/cluster.ts";
import { fuzzLogIns, held, passedOn } from "./live.ts";

/** The test of a gateway before log-in, for so long. */
export function logIns(seed: number, milliseconds: number): void {
  test("I2: each is answered with an error of the protocol or closed; nothing is passed on, the worker neither grows nor ends", async () => {
    await using cluster = await startCluster({ workers: 1 });
    const { pid } = cluster.service("proxy");
    const warm = await fuzzLogIns(cluster, seed - 1_000_000, 3_000);
    const before = held(pid);
    const { reach, found } = await fuzzLogIns(cluster, seed, milliseconds);
    await waitFor(() => held(pid).files <= before.files + 10, { what: "no file left open" });
    const after = held(pid);
    writeSync(
      1,
      `${reach.text(`log-ins with seed ${seed}`)}\n  the worker: ${before.memory.toFixed(0)} MB, then ${after.memory.toFixed(0)} MB\n`,
    );
    expect([...warm.found, ...found]).toEqual([]);
    expect(cluster.service("proxy").pid).toBe(pid);
    expect(after.memory).toBeLessThan(before.memory + 128);
    expect(await cluster.target.log()).not.toContain(passedOn);
    await using client = await cluster.connect("ci-runner");
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });
}
