import { freezeProcess, waitFor, type ServiceProcess } from "@sallyport/testkit";

/** One process of a deployment. `sally up` starts it again when it was killed. */
export class ServiceHandle {
  readonly #list: () => ServiceProcess[];
  readonly #service: string;
  readonly #name: string | undefined;

  constructor(list: () => ServiceProcess[], service: string, name: string | undefined) {
    this.#list = list;
    this.#service = service;
    this.#name = name;
  }

  get pid(): number {
    const found = this.#find();
    if (!found) throw new Error(`\`${this.#service}\` does not run`);
    return found.pid;
  }

  get running(): boolean {
    return this.#find() !== undefined;
  }

  /** Kills it and waits until it is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const { pid } = this;
    process.kill(pid, signal);
    await waitFor(() => !this.#list().some((one) => one.pid === pid), {
      what: `${this.#service} (pid ${pid}) to end`,
      // Who is told to end stores first what it holds.
      timeout: signal === "SIGKILL" ? 10_000 : 60_000,
    });
  }

  /** Stops it without closing a connection: it looks like a process that hangs. Thaw it before the cluster ends. */
  freeze(): void {
    freezeProcess(this.pid);
  }

  thaw(): void {
    process.kill(this.pid, "SIGCONT");
  }

  /** Waits for a process other than `pid`: the one that `sally up` started in its place. It may not serve yet. */
  replaced(pid: number): Promise<number> {
    return waitFor(
      () => {
        const found = this.#find();
        return found && found.pid !== pid ? found.pid : undefined;
      },
      { what: `${this.#service} to be started again`, timeout: 30_000 },
    );
  }

  #find(): ServiceProcess | undefined {
    return this.#list().find(
      ({ service, name }) =>
        service === this.#service && (this.#name === undefined || name === this.#name),
    );
  }
}
