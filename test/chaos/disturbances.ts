import type { Relay } from "@sallyport/testkit";
import { waitFor, type LeashedServer } from "@sallyport/testkit";
import type { Deployment } from "./deployment.ts";
import type { Machine, ServiceName } from "./machine.ts";
import type { Seeded } from "./seeded.ts";

export type Kind =
  | "kill"
  | "freeze"
  | "cut"
  | "drain"
  | "cut from its target"
  | "cut from its clients";

/** Something that is done to a part, and undone some time later. */
export interface Disturbance {
  readonly part: string;
  readonly kind: Kind;
  /** Of which service; undefined of what is none of ours, or several. */
  readonly service: ServiceName | undefined;
  /** Milliseconds between begin and end. */
  readonly hold: number;
  /** Whether others do its work meanwhile: all is served again before it ends. */
  readonly spare: boolean;
  begin(): Promise<void>;
  /** Afterwards nothing is in the way any more; the part may still be starting. */
  end(): Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

/** Everything that can be done, once each, for so long as `chance` says. */
export function disturbances(deployment: Deployment, chance: Seeded): Disturbance[] {
  return [
    ...deployment.machines.flatMap((machine) => ofMachine(machine, chance)),
    ...[...deployment.bus.nats.servers].flatMap(([name, server]) => {
      const relays = [
        ...deployment.bus.routesOf(name),
        ...deployment.machines.flatMap(({ bus }) => bus.get(name) ?? []),
      ];
      return ofServer(`nats-server ${name}`, server, { relays, spare: true }, chance);
    }),
    ...ofServer(
      "S3",
      deployment.s3,
      { relays: deployment.machines.map(({ s3 }) => s3), spare: true },
      chance,
    ),
    ...ofTarget(deployment, chance),
  ];
}

/** Longer than the lease for a recorder: its replacement is at work when it wakes up. */
function ofMachine(machine: Machine, chance: Seeded): Disturbance[] {
  const { name, service, process: running } = machine;
  const hold = service === "recorder" ? chance.of([3000, 13_000]) : chance.between(1000, 7000);
  const spare = service !== "proxy";
  const ended = (signal: NodeJS.Signals): Pick<Disturbance, "begin" | "end" | "hold" | "spare"> => {
    let pid = 0;
    return {
      hold: 0,
      spare: false,
      begin: async () => {
        ({ pid } = running);
        await running.kill(signal);
      },
      end: async () => void (await running.replaced(pid)),
    };
  };
  return [
    { part: name, service, kind: "kill", ...ended("SIGKILL") },
    { part: name, service, kind: "drain", ...ended("SIGTERM") },
    {
      part: name,
      service,
      kind: "freeze",
      hold,
      spare,
      begin: async () => running.freeze(),
      end: async () => running.thaw(),
    },
    {
      part: name,
      service,
      kind: "cut",
      hold,
      spare,
      ...cutting([...machine.bus.values()], chance),
    },
    ...(machine.clients === null
      ? []
      : ([
          {
            part: name,
            service,
            kind: "cut from its target",
            hold,
            spare,
            ...cutting([machine.target], chance),
          },
          {
            part: name,
            service,
            kind: "cut from its clients",
            hold,
            spare,
            ...cutting([machine.clients], chance),
          },
        ] as const)),
  ];
}

function ofServer(
  part: string,
  server: LeashedServer,
  { relays, spare }: { readonly relays: readonly Relay[]; readonly spare: boolean },
  chance: Seeded,
): Disturbance[] {
  const hold = chance.between(1000, 7000);
  const service = undefined;
  return [
    {
      part,
      service,
      kind: "kill",
      hold,
      spare,
      begin: () => server.kill(),
      end: () => server.start(),
    },
    {
      part,
      service,
      kind: "freeze",
      hold,
      spare,
      begin: async () => server.freeze(),
      end: async () => server.thaw(),
    },
    { part, service, kind: "cut", hold, spare, ...cutting(relays, chance) },
  ];
}

function ofTarget({ target, workers }: Deployment, chance: Seeded): Disturbance[] {
  const hold = chance.between(1000, 7000);
  const part = "target";
  const service = undefined;
  const spare = false;
  return [
    {
      part,
      service,
      kind: "kill",
      hold,
      spare,
      begin: () => target.kill("SIGKILL"),
      end: async () => {
        // Until its last backend has noticed, the shared memory is in use.
        await waitFor(() => target.start().then(() => true), {
          what: "the target to start",
          timeout: 30_000,
          every: 500,
        });
      },
    },
    {
      part,
      service,
      kind: "freeze",
      hold,
      spare,
      begin: () => target.pause(),
      end: async () => target.resume(),
    },
    {
      part,
      service,
      kind: "cut",
      hold,
      spare,
      ...cutting(
        workers.map((worker) => worker.target),
        chance,
      ),
    },
  ];
}

function cutting(relays: readonly Relay[], chance: Seeded): Pick<Disturbance, "begin" | "end"> {
  const how = chance.of(["late", "reset"] as const);
  return {
    begin: () => {
      for (const relay of relays) relay.cut();
      return nothing();
    },
    end: () => {
      for (const relay of relays) relay.mend(how);
      return nothing();
    },
  };
}
