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
    // Its memory goes, and with it its name in the list, before its sockets do.
    await waitFor(() => !isThere(pid), { what: `${this.#service} (pid ${pid}) to end` });
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
      { what: `${this.#service} to be started again` },
    );
  }

  #find(): ServiceProcess | undefined {
    return this.#list().find(
      ({ service, name }) =>
        service === this.#service && (this.#name === undefined || name === this.#name),
    );
  }
}

/** Also of one that has ended, until its parent has asked for its end. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
