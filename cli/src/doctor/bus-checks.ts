import {
  Bucket,
  fillOf,
  inspectBus,
  isDurableEnough,
  RevocationEntry,
  seeDurability,
  type Bus,
} from "@sallyport/bus";
import { buckets, keys, streams, type Bundle, type Config } from "@sallyport/contracts";
import { z } from "zod";
import { bundleBucket } from "../apply-bundle.ts";
import { bundleChanges } from "../bundle.ts";
import { layoutOf, partitions } from "../up/cluster-parts.ts";
import { writeError } from "../up/nats-store.ts";
import { fail, ok, reason, warn, type Check } from "./check.ts";
import type { Clocks } from "./clocks.ts";

export interface BusFacts {
  readonly bus: Bus;
  readonly config: Config;
  readonly monitoring: string | undefined;
  /** What config and policies say now; null when they do not load. */
  readonly bundle: Bundle | null;
  readonly clocks: Clocks;
}

/** Streams, durability, fill, permissions and buckets, with the operator's rights. */
export async function busChecks(facts: BusFacts): Promise<Check[]> {
  const looks = [layout, durability, disk, fill, permissions, bundle, revocations];
  const found: Check[] = [];
  for (const look of looks) {
    try {
      found.push(...(await look(facts)));
    } catch (error) {
      found.push(
        fail(`bus ${look.name}`, reason(error), "see whether nats-server and its JetStream run"),
      );
    }
  }
  return found;
}

async function layout({ bus, config }: BusFacts): Promise<Check[]> {
  const problems = await inspectBus(bus, layoutOf(config));
  if (problems.length === 0)
    return [ok("streams", `as they must be, on nats-server ${bus.serverVersion}`)];
  return problems.map((problem) =>
    fail(
      "streams",
      problem,
      "`sally up` makes what is missing; what differs must be set right by hand",
    ),
  );
}

async function durability({ bus, config, monitoring }: BusFacts): Promise<Check[]> {
  const seen = await seeDurability(bus, monitoring === undefined ? {} : { monitoring });
  const worth = `an acknowledgement is worth \`${seen.worth}\``;
  if (isDurableEnough(config.durability, seen)) return [ok("durability", worth)];
  const todo =
    config.durability === "fsync"
      ? "set `sync_interval: always` on the server, and name its monitoring page as `nats.monitoring`"
      : "use three servers and streams with three replicas";
  const unseen =
    config.durability === "fsync" && seen.syncAlways === null
      ? ": whether the server syncs cannot be seen, so it counts as not"
      : "";
  return [fail("durability", `config wants \`${config.durability}\`, but ${worth}${unseen}`, todo)];
}

/** Only where the monitoring page tells. */
async function disk({ monitoring }: BusFacts): Promise<Check[]> {
  const why = monitoring === undefined ? null : await writeError(monitoring);
  if (why === null) return [];
  return [
    fail(
      "nats-server",
      `writes no more: ${why}`,
      "make room on its disk; `sally up` then starts its own nats-server again, start one of your own again yourself",
    ),
  ];
}

const Refusal = z.looseObject({ error: z.looseObject({ description: z.string() }) });
const Info = z.object({
  state: z.object({ bytes: z.number() }),
  config: z.object({ max_bytes: z.number() }),
  /** When the server answered. */
  ts: z.string().default(""),
});

async function fill({ bus, clocks }: BusFacts): Promise<Check[]> {
  const found: Check[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    for (const stream of [streams.record(partition), streams.output(partition)]) {
      const asked = Date.now();
      const answer = await bus.nats.request(`$JS.API.STREAM.INFO.${stream}`, "", { timeout: 2000 });
      const refused = Refusal.safeParse(answer.json());
      if (refused.success) throw new Error(`${stream}: ${refused.data.error.description}`);
      const info = Info.parse(answer.json());
      if (found.length === 0) clocks.saw("the bus", Date.parse(info.ts), asked, Date.now());
      const { max_bytes: limit } = info.config;
      const share = `${Math.round((info.state.bytes / limit) * 100)} % full`;
      const todo = "see why the recorder does not archive, or raise its size under `limits`";
      const state = fillOf(info.state.bytes, limit);
      if (state === "open") found.push(ok(stream, share));
      else if (state === "no-sessions")
        found.push(warn(stream, `${share}: new sessions are refused`, todo));
      else found.push(fail(stream, `${share}: commands are refused`, todo));
    }
  }
  return found;
}

/** Nobody may publish there, and no stream takes it, should the server let it through. */
const forbidden = "sp.doctor";

async function permissions({ bus }: BusFacts): Promise<Check[]> {
  const refused = new Promise<boolean>((resolve) => {
    void (async () => {
      for await (const status of bus.nats.status()) {
        if (status.type === "error" && status.error.message.includes(forbidden)) resolve(true);
      }
    })();
  });
  bus.publish(forbidden, "");
  // The server's complaint comes before its answer to the ping that flush sends; a turn of the loop delivers it.
  const settled = bus
    .flush()
    .then(() => new Promise<boolean>((resolve) => void setTimeout(resolve, 200, false)));
  if (await Promise.race([refused, settled]))
    return [ok("permissions", "the server refuses what the operator may not do")];
  return [
    fail(
      "permissions",
      "the server lets the operator publish anywhere",
      "start nats-server with the users of `infra/nats/`, or let `sally up` start it",
    ),
  ];
}

async function bundle({ bus, bundle: wanted }: BusFacts): Promise<Check[]> {
  const current = await bundleBucket(bus).get(keys.bundle);
  if (!current) return [fail("bundle", "nothing was ever applied", "run `sally apply`")];
  const found = `revision ${current.revision}, applied ${new Date(current.value.applied.at).toISOString()} by ${current.value.applied.by}`;
  if (!wanted) return [ok("bundle", found)];
  const changes = bundleChanges(current.value, wanted);
  if (changes.length === 0) return [ok("bundle", found)];
  return [
    warn(
      "bundle",
      `${found}; config and policies say otherwise: ${changes.join(", ")}`,
      "run `sally apply`",
    ),
  ];
}

async function revocations({ bus }: BusFacts): Promise<Check[]> {
  const bucket = new Bucket(bus, buckets.revocations, RevocationEntry);
  if (await bucket.get(keys.revocationsComplete)) return [ok("revocations", "complete")];
  return [
    fail(
      "revocations",
      "authn has not marked them as complete, so workers serve nobody",
      "see authn's log: it must read the archive of revocations",
    ),
  ];
}
