import type { Naming } from "@sallyport/sql";
import type { Portal, ProtocolNames } from "./protocol-names.ts";
import type { CommandUnit } from "./statements.ts";
import type { Answers } from "./answers.ts";
import type { CopyIn } from "./copy-in.ts";
import type { NamesInEffect } from "./names-in-effect.ts";
import type { Refusal } from "./refusal.ts";
import type { Running } from "./running.ts";
import type { SessionOptions } from "./session-options.ts";
import type { SessionView } from "./session-view.ts";
import type { SqlNames } from "./sql-names.ts";
import { targetScript } from "./target-script.ts";
import type { TargetWriter } from "./target-writer.ts";
import type { Turn } from "./turn.ts";

export interface UnderWayParts {
  readonly options: Pick<SessionOptions, "record" | "release" | "gate" | "output">;
  readonly turn: Turn;
  readonly protocolNames: ProtocolNames;
  readonly answers: Answers;
  readonly writer: TargetWriter;
  readonly names: NamesInEffect;
  readonly sqlNames: SqlNames;
  readonly own: SessionView;
  readonly copy: CopyIn;
}

/** Commands between their clearance and their `result`: what is sent, what it changes, what is recorded of it. */
export class UnderWay {
  readonly #parts: UnderWayParts;
  readonly #suspended = new Map<Portal, Running>();

  constructor(parts: UnderWayParts) {
    this.#parts = parts;
  }

  forward(unit: CommandUnit, running: Running): void {
    const { turn, protocolNames, answers, writer, copy } = this.#parts;
    const { judged } = running;
    turn.inHand = null;
    const { frames, owed } = targetScript(unit, running);
    running.sent = Date.now();
    answers.owe(...owed);
    writer.forward(running.clearance, frames, judged.kind === "simple");
    const { effects } = judged;
    if (effects.ddl) turn.ddl = true;
    if (effects.renames) protocolNames.doubt();
    const changes = effects.naming.flat();
    this.#unsettle(running, changes);
    this.#endReplaced(changes);
    if (effects.copyIn) copy.await(running);
  }

  /** What names mean may be different once it has run, or run on. */
  #unsettle(running: Running, changes: readonly Naming[]): void {
    const { turn, protocolNames, names, sqlNames, own } = this.#parts;
    const { kind, effects } = running.judged;
    protocolNames.renaming(running, changes, kind === "simple");
    sqlNames.sent(running);
    names.sent(effects);
    own.sent(effects, turn.ddl);
  }

  /** The command whose portal waits for an Execute that asks for more. It ends where policy has changed since. */
  suspendedOf({ portal, steps }: CommandUnit): Running | undefined {
    const running = portal && steps.length === 1 ? this.#suspended.get(portal) : undefined;
    if (!running || this.#parts.options.gate.isCurrent(running.clearance)) return running;
    this.finished(running, "executed");
    return undefined;
  }

  /** More rows of a suspended portal: they ride on its first verdict, while policy is the same. */
  continue(unit: CommandUnit, running: Running): void {
    const frame = unit.steps[0]?.frame;
    if (!frame || !unit.portal) return;
    this.#suspended.delete(unit.portal);
    this.#parts.answers.owe({ kind: "execute", running }, { kind: "end", running });
    this.#parts.writer.more(running.clearance, frame);
    this.#unsettle(running, running.judged.effects.naming.flat());
  }

  suspend(running: Running): void {
    if (running.portal) this.#suspended.set(running.portal, running);
    // Until it is asked for more, nothing of it runs.
    this.#parts.protocolNames.renamed(running, this.#parts.sqlNames.done(running));
    this.#parts.copy.proceed(running);
  }

  /** Nothing can ask for more of them: their transaction is over, or their names are doubtful. */
  endSuspended(test: (portal: Portal) => boolean = () => true): void {
    for (const [portal, running] of this.#suspended) {
      if (!test(portal)) continue;
      this.#suspended.delete(portal);
      this.finished(running, "executed");
    }
  }

  /** Portals under whose names there may be others by now. */
  #endReplaced(changes: readonly Naming[]): void {
    this.endSuspended(({ name }) =>
      changes.some(
        (change) =>
          name !== "" &&
          (change.kind === "doubt" || (change.kind === "close" && (change.name ?? name) === name)),
      ),
    );
  }

  finished(running: Running, outcome: "executed" | "skipped"): void {
    if (running.finished) return;
    const { options, turn, protocolNames, sqlNames, copy } = this.#parts;
    turn.committed ||= running.tags.includes("COMMIT");
    protocolNames.renamed(running, sqlNames.done(running));
    copy.finished(running);
    options.record.result({ ...running.result(outcome), ended: Date.now() });
    options.output.rest();
    if (running.portal) this.#suspended.delete(running.portal);
    const { hold } = running.clearance.verdict;
    if (outcome === "skipped" && hold) options.release(running.command, hold, "not-sent");
    copy.proceed(running);
  }

  /** Both gates were open, and all the same nothing of it goes to the target. */
  notSent(running: Running, why: Refusal): void {
    const { record, release } = this.#parts.options;
    running.error = { code: why.code, sqlstate: why.said.sqlstate, message: why.said.message };
    record.result({ ...running.result("not-sent"), ended: Date.now() });
    const { hold } = running.clearance.verdict;
    if (hold) release(running.command, hold, "not-sent");
  }

  /** The session ends with them: of what was not answered, nobody knows what the target did. */
  cutOff(reason: string, message: string): void {
    const { answers, options } = this.#parts;
    for (const running of new Set([...answers.unfinished(), ...this.#suspended.values()])) {
      running.error ??= { code: reason, message };
      const suspended = running.portal !== null && this.#suspended.has(running.portal);
      const result = running.result(suspended ? "executed" : "unknown");
      options.record.result({ ...result, ended: Date.now() });
    }
  }
}
