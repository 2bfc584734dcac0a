import { JetStreamApiError, jetstreamManager } from "@nats-io/jetstream";
import type { Bus } from "./connect.ts";
import { maxPayload } from "./server-config.ts";
import { differences, wantedStreams, type Layout } from "./stream-config.ts";

const streamNotFound = 10059;
const oldestServer = [2, 14] as const;

/** Thrown when the bus is not as it must be; `problems` has all of them, a line each. */
export class SetupMismatch extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the bus is not set up as it must be: ${problems.join("; ")}`);
    this.name = "SetupMismatch";
    this.problems = problems;
  }
}

/**
 * With the setup user: makes the streams and buckets that are missing, and compares the whole configuration of all
 * with ours. Nothing that exists is changed.
 * @throws {SetupMismatch} naming every difference
 */
export async function setUpBus(bus: Bus, layout: Layout): Promise<void> {
  const problems = serverProblems(bus);
  if (problems.length > 0) throw new SetupMismatch(problems);
  const manager = await jetstreamManager(bus.nats, { checkAPI: false, timeout: 10_000 });
  for (const wanted of wantedStreams(layout)) {
    let info;
    try {
      info = await manager.streams.info(wanted.name);
    } catch (cause) {
      if (!(cause instanceof JetStreamApiError) || cause.code !== streamNotFound) throw cause;
      info = await manager.streams.add(wanted);
      bus.log.info({ stream: wanted.name }, "stream created");
    }
    problems.push(
      ...differences(wanted, info.config).map((difference) => `${wanted.name}: ${difference}`),
    );
  }
  if (problems.length > 0) throw new SetupMismatch(problems);
}

/** Compares as `setUpBus` does and creates nothing; the operator may do this. Empty when all is as it must be. */
export async function inspectBus(bus: Bus, layout: Layout): Promise<string[]> {
  const problems = serverProblems(bus);
  const manager = await jetstreamManager(bus.nats, { checkAPI: false, timeout: 5000 });
  for (const wanted of wantedStreams(layout)) {
    try {
      const { config } = await manager.streams.info(wanted.name);
      problems.push(
        ...differences(wanted, config).map((difference) => `${wanted.name}: ${difference}`),
      );
    } catch (cause) {
      problems.push(`${wanted.name}: ${cause instanceof Error ? cause.message : "no answer"}`);
    }
  }
  return problems;
}

function serverProblems({ serverVersion, nats }: Bus): string[] {
  const [major = 0, minor = 0] = serverVersion.split(".").map((part) => Number.parseInt(part, 10));
  const fits = major > oldestServer[0] || (major === oldestServer[0] && minor >= oldestServer[1]);
  const payload = nats.info?.max_payload ?? 0;
  return [
    ...(fits ? [] : [`nats-server is ${serverVersion}, older than ${oldestServer.join(".")}`]),
    ...(payload >= maxPayload ? [] : [`\`max_payload\` is ${payload}, less than ${maxPayload}`]),
  ];
}
