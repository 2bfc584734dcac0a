import type { Command } from "commander";
import { registerSessionsKill } from "./sessions-kill.ts";
import { registerSessionsList } from "./sessions-list.ts";
import { registerSessionsShow } from "./sessions-show.ts";

/** `sally sessions list | show | kill`. */
export function registerSessions(program: Command): void {
  const sessions = program.command("sessions").description("sessions in the archive");
  registerSessionsList(sessions);
  registerSessionsShow(sessions);
  registerSessionsKill(sessions);
}
