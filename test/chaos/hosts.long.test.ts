import { writeSync } from "node:fs";
import { waitFor } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { Approver } from "./approver.ts";
import type { Host } from "./host.ts";
import { Load } from "./load.ts";
import { Looking, type Round } from "./looking.ts";
import { reportText } from "./report.ts";
import { shopPeople, shopPolicies } from "./shop.ts";
import { TwoHosts } from "./two-hosts.ts";

test(
  "I1, I9: of two machines one is restarted under load and the other loses its power: what is left serves on, nothing is lost that clients are not told",
  { timeout: 900_000 },
  async () => {
    await using hosts = await TwoHosts.start({
      policies: shopPolicies,
      jobs: ["ci-runner"],
      people: shopPeople,
    });
    const began = performance.now();
    const load = new Load(hosts, 11, 100);
    const approver = new Approver(hosts, load.tales);
    const looking = new Looking(hosts, load.tales);
    const rounds: Round[] = [];
    const busy = (what: string): Promise<boolean> => {
      const before = load.tales.count("done");
      return waitFor(() => load.tales.count("done") >= before + 30, { what, timeout: 60_000 });
    };
    /** Ends all of a machine and starts it again when the other has served without it and its evidence is complete. */
    const without = async (host: Host, kind: "drain" | "kill"): Promise<void> => {
      const what = `${host.name}: ${kind}`;
      await busy(`load before ${what}`);
      await looking.during(what, [
        {
          part: host.name,
          service: "proxy",
          kind,
          hold: 0,
          spare: false,
          begin: async () => {
            await (kind === "kill" ? host.kill() : host.stop());
            await looking.served(hosts.beside(host));
            await busy(`load on ${hosts.beside(host).name} alone`);
            await looking.archived(`${what}: meanwhile`);
          },
          end: () => host.start(),
        },
      ]);
      rounds.push({ ...(await looking.afterwards(what)), without: null });
    };
    await without(hosts.b, "drain");
    await without(hosts.a, "kill");
    await load.stop();
    await approver.stop();
    const seconds = Math.round((performance.now() - began) / 1000);
    const report = await looking.report({ seed: 11, seconds, rounds, single: 2, missed: [] });
    writeSync(1, `${reportText(report)}\n`);
    expect(Object.entries(report.faults).filter(([, found]) => found.length > 0)).toEqual([]);
    expect(report.told["done"]).toBeGreaterThan(120);
  },
);
