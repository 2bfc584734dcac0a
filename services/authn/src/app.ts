import { answerRequests, RecordPublisher, type Bus, type Credentials } from "@sallyport/bus";
import { queues, Revoke, streams, subjects, Verify, type Issuer } from "@sallyport/contracts";
import type { ArchiveStore } from "@sallyport/evidence";
import {
  observeService,
  openHttp,
  type Alarms,
  type HttpOptions,
  type Log,
  type Telemetry,
} from "@sallyport/runtime";
import { Acts } from "./acts.ts";
import { Beating } from "./beating.ts";
import { handleRoutes } from "./handle-routes.ts";
import { Handles } from "./handles.ts";
import { Identifying } from "./identifying.ts";
import { KeyWitness } from "./key-witness.ts";
import { RevocationArchive } from "./revocation-archive.ts";
import { RevocationBook } from "./revocation-book.ts";
import { Revoking } from "./revoking.ts";
import { TokenChecker, type TokenCheckerOptions } from "./token-checker.ts";

export interface AuthnOptions {
  /** Connected as `authn`; stays the caller's. */
  readonly bus: Bus;
  readonly issuers: Readonly<Record<string, Issuer>>;
  /** authn's X25519 xkey seed. */
  readonly sealingKey: string;
  /** Where revocations are kept beside the bus. */
  readonly store: ArchiveStore;
  readonly http: Pick<HttpOptions, "address" | "tls">;
  /** With which it sees who uses the operator's key; null: nobody looks. */
  readonly witness?: {
    readonly servers: readonly string[];
    readonly credentials: Credentials;
  } | null;
  readonly log: Log;
  readonly alarms: Alarms;
  readonly keys?: TokenCheckerOptions["keys"];
  /** Stays the caller's. */
  readonly telemetry?: Telemetry | null;
}

export interface RunningAuthn {
  readonly http: { readonly host: string; readonly port: number };
  /** Answers what has come, and ends. */
  stop(): Promise<void>;
}

/** Who is it? Sealed tokens in, principals out; and who is cut off. */
export async function startAuthn(options: AuthnOptions): Promise<RunningAuthn> {
  const { bus, log, alarms, issuers, sealingKey, keys, telemetry = null } = options;
  const checker = new TokenChecker({ issuers, log, ...(keys && { keys }) });
  const book = new RevocationBook(bus, new RevocationArchive(options.store), log);
  const beating = new Beating(bus, book, log);
  const publisher = new RecordPublisher(bus);
  const lane = publisher.lane({
    stream: streams.record(0),
    events: subjects.record(0, bus.user, "event"),
  });
  const handles = new Handles({ bus, checker, sealingKey, log });
  const identifying = new Identifying({ checker, handles, book, sealingKey });
  const acts = new Acts(lane);
  const revoking = new Revoking({ bus, book, beating, acts, log });
  const witness = options.witness
    ? new KeyWitness({ ...options.witness, acts, secret: sealingKey, log, alarms })
    : null;
  const http = await openHttp({
    ...options.http,
    service: "authn",
    log,
    alarms,
    metrics: telemetry?.page,
    routes: (app) => handleRoutes(app, { identifying, handles, acts, log }),
    readiness: () => ({
      ready: bus.connected && book.complete,
      details: {
        bus: bus.connected ? "connected" : "disconnected",
        issuers: checker.state,
        logIns: identifying.counts,
        revocations: { complete: book.complete, revision: book.revision, revoked: book.revoked },
        record: publisher.counts,
        operatorKey: witness?.watching ? "watched" : "not watched",
      },
    }),
  });
  if (telemetry) {
    observeService(telemetry, { alarms, bus });
    telemetry.observe("sallyport.record.unacknowledged", () => publisher.pendingBytes);
    telemetry.observe("sallyport.revocations", () => book.revoked);
    telemetry.observe("sallyport.revocations.complete", () => Number(book.complete));
  }
  const answer = telemetry
    ? (await import("./telemetry.ts")).timed(telemetry, identifying)
    : (question: Verify) => identifying.answer(question);
  const queue = queues.authn;
  const answering = [
    answerRequests(bus, { subject: subjects.verify, queue, schema: Verify }, answer),
    answerRequests(bus, { subject: subjects.revoke, queue, schema: Revoke }, (order) =>
      revoking.answer(order),
    ),
  ];
  // A bus that is lost at this moment is back soon, with the subscriptions.
  await Promise.race([bus.flush().catch(() => undefined), after(2000)]);
  return {
    http: { host: http.host, port: http.port },
    async stop() {
      for (const subscription of answering) subscription.unsubscribe();
      await http.close();
      beating.stop();
      await witness?.stop();
      await book.stop();
      await Promise.race([publisher.drain(), after(5000)]);
      const lost = publisher.stop();
      if (lost > 0) log.warn({ lost }, "acts were not recorded");
      checker.stop();
    },
  };
}

const after = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
