import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  busUser,
  connectBus,
  createCredentials,
  natsServerConfig,
  setUpBus,
  type Alarms,
  type Bus,
  type Credentials,
  type Lane,
  type Layout,
  type Log,
  type RecordPublisher,
} from "@sallyport/bus";
import { streams, subjects } from "@sallyport/contracts";
import { startNats, type NatsServer } from "@sallyport/testkit";

export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Alarms that a test can look at. */
export class HeardAlarms implements Alarms {
  readonly heard: { alarm: string; fields: object }[] = [];
  raise(alarm: string, _message: string, fields: object = {}): void {
    this.heard.push({ alarm, fields });
  }
  get names(): string[] {
    return this.heard.map(({ alarm }) => alarm);
  }
}

/** The lane of the worker `w1`. */
export const workerLane = (publisher: RecordPublisher): Lane =>
  publisher.lane({
    stream: streams.record(0),
    events: subjects.record(0, "w1", "event"),
    commands: subjects.record(0, "w1", "command"),
  });

const MiB = 1024 * 1024;
export const smallLayout: Layout = {
  partitions: 1,
  recordBytes: 8 * MiB,
  outputBytes: 16 * MiB,
  replicas: 1,
};

/** A real nats-server with all users and permissions, set up as `sally up` does it. */
export class TestBus implements AsyncDisposable {
  readonly nats: NatsServer;
  readonly directory: string;
  readonly credentials: ReadonlyMap<string, Credentials>;
  readonly alarms = new HeardAlarms();
  readonly #open: Bus[] = [];

  private constructor(nats: NatsServer, directory: string, credentials: readonly Credentials[]) {
    this.nats = nats;
    this.directory = directory;
    this.credentials = new Map(credentials.map((one) => [one.user, one]));
  }

  static async start(
    options: { workers?: string[]; layout?: Layout | null; config?: string } = {},
  ): Promise<TestBus> {
    const directory = await mkdtemp(join(tmpdir(), "sallyport-bus-"));
    const layout = options.layout === undefined ? smallLayout : options.layout;
    const partitions = layout?.partitions ?? 1;
    const credentials = await createCredentials(join(directory, "credentials"), {
      workers: options.workers ?? ["w1", "w2"],
      partitions,
    });
    // The testkit gives address, port and store on the command line.
    const configFile = join(directory, "nats.conf");
    const config = natsServerConfig({
      users: credentials.map(busUser),
      port: 4222,
      partitions,
    });
    await writeFile(configFile, `${config}\n${options.config ?? ""}`);
    const bus = new TestBus(await startNats({ configFile }), directory, credentials);
    if (layout) {
      const setup = await bus.connect("setup");
      await setUpBus(setup, layout);
      await setup.stop();
    }
    return bus;
  }

  /** Has the server read its configuration again, with these users alone. */
  async reload(keep: (user: string) => boolean): Promise<void> {
    const users = [...this.credentials.values()].filter(({ user }) => keep(user)).map(busUser);
    await writeFile(
      join(this.directory, "nats.conf"),
      natsServerConfig({ users, port: 4222, partitions: 1 }),
    );
    process.kill(this.nats.pid, "SIGHUP");
  }

  async connect(user: string, alarms: Alarms = this.alarms): Promise<Bus> {
    const credentials = this.credentials.get(user);
    if (!credentials) throw new Error(`no user \`${user}\``);
    const bus = await connectBus({
      servers: [this.nats.url],
      credentials,
      name: `test ${user}`,
      log: silent,
      alarms,
    });
    this.#open.push(bus);
    return bus;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((bus) => bus.stop()));
    await this.nats.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
