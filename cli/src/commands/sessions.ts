import type { Command } from "commander";
import { registerSessionsActs } from "./sessions-acts.ts";
import { registerSessionsKill } from "./sessions-kill.ts";
import { registerSessionsList } from "./sessions-list.ts";
import { registerSessionsShow } from "./sessions-show.ts";

/** `sally sessions list | show | acts | kill`. */
export function registerSessions(program: Command): void {
  const sessions = program.command("sessions").description("sessions in the archive");
  registerSessionsList(sessions);
  registerSessionsShow(sessions);
  registerSessionsActs(sessions);
  registerSessionsKill(sessions);
}
