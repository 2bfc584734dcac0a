import { subjects, type EndSession, type SessionId } from "@sallyport/contracts";
import { ArchiveReader, sessionLine } from "@sallyport/evidence";
import type { Command } from "commander";
import { findSession, openArchive, withArchiveOption } from "../archive-place.ts";
import { operatorName } from "../operator-name.ts";
import { CliError } from "../cli-error.ts";
import { contextOf, withCommonOptions } from "../context.ts";
import { asOperator } from "../operator.ts";
import { say, sayJson } from "../output.ts";
import { recordAct } from "../record-act.ts";
import { visible } from "../terminal-text.ts";

const wholeId = /^[a-z2-7]{26}$/;

export function registerSessionsKill(sessions: Command): void {
  withCommonOptions(withArchiveOption(sessions.command("kill")))
    .description("end a session that is open")
    .argument("<id>", "the session's id, or its beginning once the session is in the archive")
    .option("--reason <text>", "what its client is told", "ended by an operator")
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      const { session, worker } = await target(id, command);
      const context = contextOf(command);
      const by = operatorName();
      const order: EndSession = { v: 1, type: "end", session, reason, by };
      await asOperator(context, async (bus) => {
        await recordAct(bus, "kill", `end session ${session}: ${reason}`);
        bus.publish(subjects.control(worker, "end"), JSON.stringify(order));
        await bus.flush();
      });
      if (context.json) sayJson({ session, worker, asked: true });
      else say(`worker ${worker === "all" ? "of the session" : worker} was told to end ${session}`);
    });
}

/** A session that is not archived yet is asked of all workers, by its whole id. */
async function target(
  id: string,
  command: Command,
): Promise<{ readonly session: SessionId; readonly worker: string }> {
  try {
    const found = await findSession(new ArchiveReader(await openArchive(command)), id);
    const { closed } = sessionLine(found);
    if (closed !== null) throw new CliError(`session \`${found.session}\` ended at ${closed}`);
    const worker = found.parts.find(({ part }) => part.writer !== null)?.part.writer;
    return { session: found.session, worker: worker ?? "all" };
  } catch (cause) {
    if (!wholeId.test(id) || (cause instanceof CliError && cause.message.includes("ended at")))
      throw cause instanceof CliError
        ? cause
        : new CliError(`\`${visible(id)}\` is no session's whole id`, { cause });
    return { session: id as SessionId, worker: "all" };
  }
}
