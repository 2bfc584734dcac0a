import {
  connectBus,
  NoAnswer,
  RecordPublisher,
  Requests,
  Sealer,
  type Bus,
  type Credentials,
} from "@sallyport/bus";
import { subjects, Verified } from "@sallyport/contracts";
import type { ArchiveStore } from "@sallyport/evidence";
import {
  Alarms,
  observeService,
  openHttp,
  SallyError,
  type HttpOptions,
  type Log,
  type Telemetry,
} from "@sallyport/runtime";
import { ArchiveTexts } from "./archive-text.ts";
import { Board } from "./board.ts";
import { Buckets } from "./buckets.ts";
import { Desk } from "./desk.ts";
import { JudgeAgain } from "./judge-again.ts";
import { Notifier } from "./notify/notifier.ts";
import type { Receiver } from "./notify/receiver.ts";
import { OutputTexts } from "./output-text.ts";
import type { VerifyToken } from "./person.ts";
import { approvalRoutes } from "./rest.ts";
import { Texts } from "./texts.ts";

export interface ApprovalOptions {
  /** NATS URLs. */
  readonly servers: readonly string[];
  readonly credentials: Credentials;
  /** authn's public xkey, to which tokens are sealed. */
  readonly sealingPublicKey: string;
  /** Where long statements are read when the bus has them no more. */
  readonly archive: ArchiveStore;
  /** Whom holds are told. */
  readonly receivers: readonly Receiver[];
  readonly listen: Pick<HttpOptions, "address" | "tls">;
  readonly log: Log;
  /** Stays the caller's. */
  readonly telemetry?: Telemetry | null;
}

export interface RunningApproval {
  readonly http: { readonly host: string; readonly port: number };
  /** Ends gracefully: answers that were given are recorded first. */
  stop(): Promise<void>;
}

/** How long authn may take (ms). */
const verifyPatience = 5000;
/** How long what is not recorded yet keeps the process from ending (ms). */
const drainPatience = 5000;

/** Starts the service; resolves when it knows every hold and listens. */
export async function startApproval(options: ApprovalOptions): Promise<RunningApproval> {
  const { log, telemetry = null } = options;
  const alarms = new Alarms(log);
  const { servers, credentials } = options;
  const bus = await connectBus({ servers, credentials, name: "approval", log, alarms });
  const record = new RecordPublisher(bus);
  const requests = new Requests(bus);
  const buckets = new Buckets(bus);
  const board = new Board(bus, buckets);
  await board.ready;
  const texts = new Texts([await OutputTexts.open(bus), new ArchiveTexts(options.archive)], log);
  const judge = new JudgeAgain(bus, board, buckets);
  const fetchTexts = (): void => texts.fetch(board.all().map(({ held }) => held));
  board.onChange(fetchTexts);
  fetchTexts();
  const { receivers } = options;
  const connected = (): boolean => bus.connected;
  const notifier = new Notifier({ receivers, board, buckets, log, connected });
  const desk = new Desk({ record, board, buckets, texts, judge });
  if (telemetry) {
    observeService(telemetry, { alarms, bus });
    telemetry.observe("sallyport.record.unacknowledged", () => record.pendingBytes);
    const { watchHolds, watchWebhooks } = await import("./telemetry.ts");
    watchHolds(telemetry, board);
    watchWebhooks(telemetry, notifier);
  }
  const verify = verifier(requests, new Sealer(options.sealingPublicKey));
  const http = await openHttp({
    service: "approval",
    ...options.listen,
    log,
    alarms,
    metrics: telemetry?.page,
    readiness: () => ({ ready: bus.connected, details: status(bus, board, record, notifier) }),
    routes: (app) => approvalRoutes(app, { desk, verify, log, connected }),
  });
  return {
    http,
    stop: async () => {
      await http.close();
      judge.stop();
      await notifier.stop(drainPatience);
      board.stop();
      const late = new Promise((resolve) => setTimeout(resolve, drainPatience).unref());
      await Promise.race([record.drain(), late]);
      const lost = record.stop();
      if (lost > 0) log.error({ events: lost }, "answers were left unrecorded");
      requests.stop();
      await bus.stop();
    },
  };
}

/** A token leaves this process only sealed to authn (I5). */
function verifier(requests: Requests, sealer: Sealer): VerifyToken {
  return async (token, address) => {
    const question = { v: 1, type: "verify", ...sealer.seal(token), address };
    try {
      return await requests.ask(subjects.verify, question, Verified, verifyPatience);
    } catch (cause) {
      if (cause instanceof NoAnswer) throw new SallyError("authn-absent", { cause });
      throw cause;
    }
  };
}

function status(bus: Bus, board: Board, record: RecordPublisher, { status: webhooks }: Notifier) {
  const open = board.all().filter(({ held }) => held.hold.state === "open").length;
  return {
    bus: bus.connected ? "connected" : "lost",
    open,
    unrecorded: record.pendingBytes,
    webhooks,
  };
}
