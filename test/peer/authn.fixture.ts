import { join } from "node:path";
import { BeatListener, Requests, Revocations, Sealer, type Bus } from "@sallyport/bus";
import { Done, Issuer, subjects, Verified, type Revoke } from "@sallyport/contracts";
import { DirectoryStore, type ArchiveStore } from "@sallyport/evidence";
import { Alarms, createSealingKey, openLog } from "@sallyport/runtime";
import { startIssuer, waitFor, type TestIssuer } from "@sallyport/testkit";
import { startAuthn, type AuthnOptions, type RunningAuthn } from "../../services/authn/src/app.ts";
import { TestBus } from "./bus.fixture.ts";

export const log = openLog("test", "error");
log.level = "silent";

/** authn over a real bus, an issuer, and a worker that asks. */
export class Authn implements AsyncDisposable {
  readonly bus: TestBus;
  readonly issuer: TestIssuer;
  readonly sealing = createSealingKey();
  readonly sealer = new Sealer(this.sealing.publicKey);
  readonly directory: string;
  worker!: Bus;
  requests!: Requests;
  revocations!: Revocations;
  #running: RunningAuthn | undefined;
  #own: Bus | undefined;

  private constructor(bus: TestBus, issuer: TestIssuer) {
    this.bus = bus;
    this.issuer = issuer;
    this.directory = join(bus.directory, "archive");
  }

  static async start(store?: ArchiveStore): Promise<Authn> {
    const authn = new Authn(await TestBus.start(), await startIssuer());
    await authn.up(store);
    authn.worker = await authn.bus.connect("w1");
    authn.requests = new Requests(authn.worker);
    authn.revocations = new Revocations(authn.worker, new BeatListener(authn.worker));
    await waitFor(() => authn.revocations.current(), { what: "the beat" });
    return authn;
  }

  get http(): string {
    return `http://127.0.0.1:${this.#running?.http.port}`;
  }

  async up(
    store: ArchiveStore = new DirectoryStore(this.directory),
    over: Partial<AuthnOptions> & { audience?: string } = {},
  ): Promise<void> {
    const { audience = "sallyport", ...rest } = over;
    this.#own = await this.bus.connect("authn");
    this.#running = await startAuthn({
      bus: this.#own,
      issuers: { corp: Issuer.parse({ issuer: this.issuer.issuer, audience }) },
      sealingKey: this.sealing.seed,
      store,
      http: { address: { host: "127.0.0.1", port: 0 } },
      log,
      alarms: new Alarms(log),
      ...rest,
    });
  }

  /** Another process after this one; resolves when it serves. */
  async again(over: Parameters<Authn["up"]>[1] = {}): Promise<void> {
    await this.down();
    await this.up(undefined, over);
    await waitFor(async () => (await fetch(`${this.http}/readyz`)).ok, { what: "authn" });
  }

  async down(): Promise<void> {
    await this.#running?.stop();
    await this.#own?.stop();
    this.#running = undefined;
  }

  /** As approval does; with `handles`, as a worker does for a log-in by a handle. */
  ask(credential: string, address = "10.0.0.1:5000", handles = false): Promise<Verified> {
    const sealed = this.sealer.seal(credential);
    const question = { v: 1, type: "verify", ...sealed, address, ...(handles && { handles }) };
    return this.requests.ask(subjects.verify, question, Verified, 30_000);
  }

  async order(type: Revoke["type"], principal: string): Promise<Done> {
    const operator = await this.bus.connect("operator");
    const order: Revoke = { v: 1, type, principal, by: "operator", reason: "test" };
    const done = await new Requests(operator).ask(subjects.revoke, order, Done, 30_000);
    await operator.stop();
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await this.bus[Symbol.asyncDispose]();
    await this.issuer.stop();
  }
}
