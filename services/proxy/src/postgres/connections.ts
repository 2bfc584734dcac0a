import { readFile } from "node:fs/promises";
import type { Connection } from "@sallyport/contracts";
import { readSecret, SallyError, type Log } from "@sallyport/runtime";
import type { SessionRecord } from "../record.ts";
import { TargetCatalog } from "./target-catalog.ts";
import type { TargetOptions } from "./upstream/open-target.ts";

export interface ConnectionsOptions {
  /** The bundle's connections at this moment. */
  readonly current: () => Readonly<Record<string, Connection>>;
  /** What relative paths of secrets are relative to. */
  readonly directory: string;
  readonly maxBuffered: number;
  readonly newRecord: () => SessionRecord;
  readonly log: Log;
}

interface Known {
  /** The target and credentials that its catalog was read with. */
  readonly target: string;
  readonly catalog: TargetCatalog;
  readonly record: SessionRecord;
}

/** The connections of the bundle: how to reach each target, and its catalog. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  find(name: string): Connection | undefined {
    const all = this.#options.current();
    return Object.hasOwn(all, name) ? all[name] : undefined;
  }

  /** INVARIANT (I5): credentials are read here, at each log-in, and go nowhere but to the target. */
  async target(name: string, parameters: ReadonlyMap<string, string>): Promise<TargetOptions> {
    const connection = this.find(name);
    if (!connection) throw new SallyError("connection-refused", { params: { connection: name } });
    const { target, credentials } = connection;
    try {
      return {
        host: target.host,
        port: target.port,
        tls: target.tls,
        ca: target.ca === undefined ? undefined : await readFile(target.ca, "utf8"),
        database: target.database,
        user: credentials.username,
        password:
          credentials.password === undefined
            ? undefined
            : readSecret(credentials.password, this.#options.directory),
        parameters,
        maxBuffered: this.#options.maxBuffered,
      };
    } catch (cause) {
      throw new SallyError("target-refused", { params: { connection: name }, cause });
    }
  }

  catalog(name: string): TargetCatalog {
    const connection = this.find(name);
    const target = JSON.stringify([connection?.target, connection?.credentials]);
    const known = this.#known.get(name);
    if (known?.target === target) return known.catalog;
    if (known) this.#forget(known);
    const record = this.#options.newRecord();
    record.open({
      protocol: "postgres",
      connection: name,
      address: "own",
      tls: null,
      client: { purpose: "catalog" },
    });
    const catalog = new TargetCatalog({
      connection: name,
      target: () => this.target(name, catalogReader),
      classified: () => this.find(name)?.columns ?? none,
      log: this.#options.log,
      own: (purpose, text) => record.own({ purpose, text }),
    });
    this.#known.set(name, { target, catalog, record });
    return catalog;
  }

  /** Another worker forwarded DDL. */
  markStale(name: string): void {
    this.#known.get(name)?.catalog.markStale();
  }

  stop(): void {
    for (const known of this.#known.values()) this.#forget(known);
    this.#known.clear();
  }

  #forget({ catalog, record }: Known): void {
    catalog.stop();
    record.close({ reason: "catalog", bytes: 0 });
  }
}

const none = {};

/** Definitions are printed as they are read, whatever is set for the role or the database. */
const catalogReader: ReadonlyMap<string, string> = new Map([
  ["application_name", "sallyport catalog"],
  ["client_encoding", "UTF8"],
  ["standard_conforming_strings", "on"],
]);
