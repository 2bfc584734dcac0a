import { fixedSeed } from "./settings.ts";
import { sameSessions } from "./wire/same-sessions.ts";

sameSessions(fixedSeed, { sessions: 40 });
