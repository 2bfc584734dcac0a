import type { Command, HoldId, Principal } from "@sallyport/contracts";
import { subjects } from "@sallyport/contracts";
import { ProtocolError, toClient } from "@sallyport/pgwire";
import { asSallyError, SallyError, type Log } from "@sallyport/runtime";
import type { Clearance, Passage } from "../gate.ts";
import type { LiveSessions } from "../live-sessions.ts";
import type { SessionRecord } from "../record.ts";
import { sayToPeers } from "../peers.ts";
import type { SessionCounts } from "../session-counts.ts";
import { timeLeft } from "../session-limits.ts";
import type { Worker } from "../worker.ts";
import type { Cancels } from "./cancels.ts";
import { newCancelKey } from "./cancel-keys.ts";
import type { Connections } from "./connections.ts";
import { presented, type OAuthOffer, type Presented } from "./authenticate.ts";
import {
  brokenProtocol,
  ClientLine,
  clientOf,
  ConnectRefused,
  isConnectionName,
  LogInEnded,
  passGates,
  principalOf,
  refusedLogIn,
} from "./log-in.ts";
import type { Incoming } from "./listener/incoming.ts";
import { refusal, refusalOf } from "./refusal.ts";
import { unsent } from "./running.ts";
import { PostgresSession } from "./session.ts";
import { startUpSettings, type StartUpSettings } from "./start-up-settings.ts";
import { openTarget, type Target } from "./upstream/open-target.ts";
import { TargetError } from "./upstream/target-error.ts";

export interface ServeOptions {
  readonly worker: Worker;
  readonly connections: Connections;
  readonly live: LiveSessions;
  readonly counts: SessionCounts;
  readonly cancels: Cancels;
  readonly maskingKey: Buffer;
  readonly statementLimit: number;
  readonly resultLimit: number;
  /** Null: tokens come as passwords only. */
  readonly oauth: OAuthOffer | null;
  readonly log: Log;
}

/** Room beside a statement for the other fields of its message. */
const messageSlack = 1024 * 1024;
const targetLimit = 10_000;

type Connect = Pick<
  Command,
  "kind" | "connection" | "principal" | "address" | "text" | "parameters" | "operations" | "mayWait"
>;

/** From the StartupMessage to a running session: identify, open the record, pass the gates, log in to the target. */
export async function serve(incoming: Incoming, options: ServeOptions): Promise<void> {
  const { worker, log } = options;
  const line = new ClientLine(incoming, options.statementLimit + messageSlack);
  const record = worker.newRecord();
  try {
    await logIn(incoming, line, record, options);
  } catch (cause) {
    const why =
      cause instanceof LogInEnded
        ? cause.refusal
        : cause instanceof SallyError
          ? refusal(cause)
          : cause instanceof ProtocolError
            ? brokenProtocol(cause)
            : refusalOf("internal");
    if (
      !(cause instanceof LogInEnded) &&
      !(cause instanceof SallyError) &&
      !(cause instanceof ProtocolError)
    )
      log.error({ err: cause }, "a log-in failed");
    if (!record.opened) openRecord(record, incoming, undefined, undefined);
    if (why && !(cause instanceof ConnectRefused)) record.refused(refusedLogIn(why));
    record.close({ reason: why?.code ?? "disconnect", bytes: 0 });
    line.end(why);
  }
}

function openRecord(
  record: SessionRecord,
  { startup, address, tls }: Incoming,
  principal: Principal | undefined,
  form: Presented["form"] | undefined,
): void {
  record.open({
    protocol: "postgres",
    connection: databaseOf(startup.parameters).slice(0, 63),
    address,
    tls,
    ...(principal && { principal }),
    client: clientOf(startup, form),
  });
}

const databaseOf = (parameters: ReadonlyMap<string, string>): string =>
  parameters.get("database") || (parameters.get("user") ?? "");

async function logIn(
  incoming: Incoming,
  line: ClientLine,
  record: SessionRecord,
  options: ServeOptions,
): Promise<void> {
  const { worker } = options;
  line.negotiate();
  const closed = worker.closedToSessions();
  if (closed !== null) throw new SallyError(closed);
  const user = incoming.startup.parameters.get("user") ?? "";
  const { credential, form, askForAnother } = await presented(line, user, options.oauth);
  const identified = await worker.identify.credential(credential, incoming.address);
  const known = "principal" in identified ? identified.principal : undefined;
  openRecord(record, incoming, known, form);
  if (identified.type === "unverified" && identified.code.startsWith("token-"))
    await askForAnother();
  const { principal, until } = principalOf(identified);
  if (worker.revocations.of(principal.id)) throw new SallyError("revoked");

  const connection = databaseOf(incoming.startup.parameters);
  if (!isConnectionName(connection))
    throw new SallyError("connection-refused", { params: { connection } });
  const settings = startUpSettings(incoming.startup.parameters, connection);
  const connect = connectCommand(connection, principal, incoming.address, settings);
  line.loggedIn();
  const leave = options.counts.enter(principal.id, connection);
  try {
    const target = await passedThrough(line, record, connect, settings, options);
    begin(
      { incoming, line, record, principal, until, connection, connect, target, leave },
      options,
    );
  } catch (cause) {
    leave();
    throw cause;
  }
}

/** Passes the gates and logs in to the target. */
async function passedThrough(
  line: ClientLine,
  record: SessionRecord,
  connect: Connect,
  settings: StartUpSettings,
  options: ServeOptions,
): Promise<Target> {
  const { clearance, verdictHash, command } = await cleared(line, record, options.worker, connect);
  // A target is dialled under the same clearance as any command is sent.
  clearance.begin();
  const finish = (error?: { code: string; sqlstate: string; message: string }): void => {
    clearance.end();
    record.result({
      ...unsent(command, "executed"),
      verdict: verdictHash,
      sent: Date.now(),
      ...(error && { error }),
    });
  };
  let target: Target;
  try {
    target = await dialTarget(connect.connection, settings, options);
  } catch (cause) {
    const error = asSallyError(cause);
    finish({ code: error.code, sqlstate: error.sqlstate, message: error.message });
    throw cause;
  }
  finish();
  if (line.gone) {
    target.socket.destroy();
    throw new LogInEnded(null);
  }
  return target;
}

function connectCommand(
  connection: string,
  principal: Principal,
  address: string,
  settings: StartUpSettings,
): Connect {
  return {
    kind: "connect",
    connection,
    principal,
    address,
    text: "",
    parameters: [],
    operations: [
      { action: "connect", resource: { type: "Connection", id: connection } },
      ...settings.operations,
    ],
    mayWait: true,
  };
}

async function cleared(
  line: ClientLine,
  record: SessionRecord,
  worker: Worker,
  connect: Connect,
): Promise<{ clearance: Clearance; verdictHash: string; command: Command["command"] }> {
  let command = "" as Command["command"];
  try {
    const { clearance, verdictHash } = await passGates(
      line,
      connect.connection,
      (tell: (passage: Passage) => void) => {
        command = worker.gate.submit(record, connect, tell);
        return { cancel: () => worker.gate.cancel(command) };
      },
    );
    return { clearance, verdictHash, command };
  } catch (cause) {
    if (cause instanceof ConnectRefused) {
      const { gate, code, verdictHash, verdict } = cause.passage;
      record.result({
        ...unsent(command, `refused-${gate}`),
        verdict: verdictHash,
        error: { code, message: cause.refusal?.said.message ?? "" },
      });
      if (verdict?.hold && verdict.hold.state === "open")
        release(worker, command, verdict.hold, line.gone ? "disconnected" : "timeout");
    }
    throw cause;
  }
}

async function dialTarget(
  connection: string,
  settings: StartUpSettings,
  { connections }: ServeOptions,
): Promise<Target> {
  if (!connections.find(connection))
    throw new SallyError("connection-refused", { params: { connection } });
  const catalog = connections.catalog(connection);
  await catalog.ensure().catch((cause: unknown) => {
    // Somebody's DDL holds locks that its reader waits for: the session begins, and nothing in it can be proven.
    if (catalog.last === null) throw cause;
  });
  const options = await connections.target(connection, settings.parameters);
  try {
    const target = await openTarget(options, AbortSignal.timeout(targetLimit));
    const { parameters } = target;
    try {
      await catalog.follow(parameters.get("server_version") ?? "");
    } catch (cause) {
      target.socket.destroy();
      throw cause;
    }
    if (
      parameters.get("client_encoding") === "UTF8" &&
      parameters.get("standard_conforming_strings") === "on"
    )
      return target;
    target.socket.destroy();
    throw new SallyError("setting-forbidden", { params: { name: "standard_conforming_strings" } });
  } catch (cause) {
    if (!(cause instanceof TargetError)) throw cause;
    const { ownWords } = cause;
    // A start-up parameter that the target does not take, too many connections: its words are for the client.
    if (ownWords)
      throw new LogInEnded({
        code: "target-refused",
        said: { sqlstate: ownWords.sqlstate ?? "08004", message: ownWords.message ?? "" },
      });
    throw cause.catalogued(connection);
  }
}

interface Admitted {
  readonly incoming: Incoming;
  readonly line: ClientLine;
  readonly record: SessionRecord;
  readonly principal: Principal;
  readonly until: number;
  readonly connection: string;
  readonly connect: Connect;
  readonly target: Target;
  /** It is counted no longer. */
  readonly leave: () => void;
}

/** Both sides are logged in: the session begins. */
function begin(admitted: Admitted, options: ServeOptions): void {
  const { line, record, principal, until, connection, target, incoming } = admitted;
  const { worker, connections, live, cancels } = options;
  const key = newCancelKey(line.minor);
  const session = new PostgresSession({
    client: line.socket,
    reader: line.reader,
    target,
    record,
    output: worker.output.session(),
    gate: worker.gate,
    catalog: connections.catalog(connection),
    connection,
    principal,
    address: incoming.address,
    keep: connections.find(connection)?.record ?? "rows",
    detect: connections.find(connection)?.detect,
    maskingKey: options.maskingKey,
    statementLimit: options.statementLimit,
    resultLimit: options.resultLimit,
    log: options.log.child({ session: record.session, connection, principal: principal.id }),
    cancelTarget: () => cancels.target(connection, target),
    tellDdl: () => tellDdl(worker, connection),
    release: (command, hold, why) => release(worker, command, hold, why),
    onEnd: () => {
      admitted.leave();
      live.remove(record.session);
      cancels.remove(record.session);
    },
  });
  live.add({
    id: record.session,
    principal,
    connection,
    until,
    lasts: performance.now() + timeLeft(until, Date.now(), worker.authnClock),
    get idle() {
      return session.idle;
    },
    opened: performance.now(),
    get quiet() {
      return session.quiet;
    },
    end: (code, params) => session.end(refusalOf(code, params)),
    recheck: () =>
      session.recheck({ ...admitted.connect, mayWait: false }, () =>
        session.end(refusalOf("connection-taken-away")),
      ),
    hush: (silent) => session.hush(silent),
  });
  cancels.add(record.session, { pid: target.pid, key, cancel: () => session.cancel() });
  const hello = [toClient.authenticationOk];
  for (const [name, value] of target.parameters) hello.push(toClient.parameterStatus(name, value));
  hello.push(toClient.backendKeyData(target.pid, key), toClient.readyForQuery("I"));
  line.release();
  line.socket.write(Buffer.concat(hello));
  session.start();
}

async function tellDdl(worker: Worker, connection: string): Promise<void> {
  sayToPeers(worker.bus, { type: "ddl", connection });
  await worker.bus.flush();
}

function release(
  worker: Worker,
  command: Command["command"],
  hold: { readonly id: HoldId; readonly key: string },
  why: "cancelled" | "disconnected" | "timeout" | "not-sent",
): void {
  const message = { v: 1, type: "release", command, hold: hold.id, key: hold.key, why };
  worker.bus.publish(subjects.release(worker.name), JSON.stringify(message));
}
