import { freshSeed, longTime } from "./settings.ts";
import { sameSessions } from "./wire/same-sessions.ts";

sameSessions(freshSeed, { milliseconds: longTime });
