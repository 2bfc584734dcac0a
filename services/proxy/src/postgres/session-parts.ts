import { Ahead } from "./ahead.ts";
import type { AnswerEvents } from "./answer-events.ts";
import { Answers } from "./answers.ts";
import { AtGates } from "./at-gates.ts";
import { ClientUnits } from "./client-units.ts";
import { CopyIn } from "./copy-in.ts";
import { Ending } from "./ending.ts";
import { detectorsOf } from "./detecting.ts";
import { Flow } from "./flow.ts";
import { Foresight } from "./foresight.ts";
import { Hearing } from "./hearing.ts";
import { NamesInEffect } from "./names-in-effect.ts";
import { ProtocolNames } from "./protocol-names.ts";
import { Readiness } from "./readiness.ts";
import { refusalOf } from "./refusal.ts";
import { Refusing } from "./refusing.ts";
import type { SessionOptions } from "./session-options.ts";
import { SessionView } from "./session-view.ts";
import { SqlNames } from "./sql-names.ts";
import { Statements } from "./statements.ts";
import { TargetWriter } from "./target-writer.ts";
import { Turn, type Loop } from "./turn.ts";
import { UnderWay } from "./under-way.ts";
import { Understanding } from "./understanding.ts";

/** Settings by which text is read: they were fixed at start-up and may not change. */
const fixed = new Map([
  ["standard_conforming_strings", "on"],
  ["client_encoding", "UTF8"],
]);

/** The loop of a session, as far as its parts know it. */
export interface SessionLoop extends Pick<Loop, "pump" | "failed"> {
  /** Reads what the target has said. */
  takeAnswers(): void;
}

export type SessionParts = ReturnType<typeof sessionParts>;

/** What a session is made of, each part given those that it needs. */
export function sessionParts(options: SessionOptions, loop: SessionLoop) {
  const turn = new Turn({
    pump: () => loop.pump(),
    settled: () => answers.idle && !writer.unsynced,
    failed: (cause) => loop.failed(cause),
    end: (why, reason) => ending.end(why, reason),
  });
  const protocolNames = new ProtocolNames();
  const statements = new Statements(protocolNames);
  const units = new ClientUnits(options.reader, statements, (unit) => parts.ahead.skipped(unit));
  const writer = new TargetWriter(options.target.socket);
  const flow = new Flow(options, turn, () => loop.takeAnswers());
  const answers = new Answers(
    answerEvents(options, () => parts),
    () => lastView(options),
    options.maskingKey,
    options.resultLimit,
    detectorsOf(options.detect),
  );
  const hearing = new Hearing(options.gate);
  const copy = new CopyIn(turn, writer, hearing, options);
  const names = new NamesInEffect();
  const sqlNames = new SqlNames();
  const own = new SessionView(options.catalog);
  const session = { options, turn, statements, units, writer, flow, answers, hearing };
  const common = { ...session, copy, names, protocolNames, sqlNames, own };
  const underWay = new UnderWay(common);
  const refusing = new Refusing(common);
  const abandonAhead = () => parts.ahead.abandon();
  const ending = new Ending({ ...common, underWay, abandonAhead });
  const ends = { ...common, underWay, refusing, ending };
  const atGates = new AtGates({ ...ends, retake: (unit) => understanding.take(unit) });
  const understanding: Understanding = new Understanding({ ...ends, atGates });
  const ahead = new Ahead({ ...ends, foresight: new Foresight(common), atGates });
  const parts = { ...ends, understanding, ahead, readiness: new Readiness(ends) };
  return parts;
}

type Heard =
  | "turn"
  | "protocolNames"
  | "sqlNames"
  | "units"
  | "flow"
  | "copy"
  | "underWay"
  | "ending";

function answerEvents(
  { catalog, connection, cancelTarget }: SessionOptions,
  parts: () => Pick<SessionParts, Heard | "readiness">,
): AnswerEvents {
  return {
    toClient: (bytes, onRead) => parts().flow.toClient(bytes, onRead),
    finished: (running, outcome) => parts().underWay.finished(running, outcome),
    suspended: (running) => parts().underWay.suspend(running),
    copyIn(running) {
      const { copy, ending } = parts();
      if (!copy.begin(running)) ending.end(refusalOf("internal"), "copy unforeseen");
    },
    ready: (status, instead) => parts().readiness.ready(status, instead),
    cut: () => void cancelTarget(),
    made(one) {
      parts().protocolNames.made(one);
      parts().sqlNames.taken(one);
    },
    gone(entry, failed) {
      const { protocolNames } = parts();
      if (entry.kind === "parse") protocolNames.drop(entry.prepared, failed);
      if (entry.kind === "bind") protocolNames.dropPortal(entry.portal);
      if (entry.kind === "close") protocolNames.notClosed();
    },
    skipping() {
      parts().turn.passOver();
      parts().units.skipToSync();
      // What was owed may have been what the command in hand waits for.
      parts().turn.boundary();
    },
    parameter(name, value) {
      const must = fixed.get(name);
      // INVARIANT (I3): text is read as the target reads it, or not at all.
      if (must !== undefined && value !== must)
        parts().ending.end(refusalOf("setting-forbidden", { name }), name);
    },
    broken(problem, code) {
      catalog.markStale();
      parts().ending.end(refusalOf(code, { problem, connection }), code);
    },
  };
}

function lastView({ catalog }: SessionOptions) {
  const view = catalog.last;
  if (!view) throw new Error("no catalog was read");
  return view;
}
