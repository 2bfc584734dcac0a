import { Command, Hold } from "@sallyport/contracts";

/** A hold with the command that opened it, read once from its event line. */
export interface Held {
  readonly hold: Hold;
  readonly command: Command;
}

/** Reads a value of the approvals bucket; null when it is no hold of this version. */
export function readHeld(value: unknown): Held | null {
  const hold = Hold.safeParse(value);
  if (!hold.success) return null;
  const command = Command.safeParse(jsonOrNull(hold.data.command));
  return command.success ? { hold: hold.data, command: command.data } : null;
}

/** The state that a person should see: a hold that nobody settled in time is expired, whoever says so first. */
export function stateAt({ hold }: Held, now: number): Hold["state"] {
  const pending = hold.state === "open" || hold.state === "approved";
  return pending && now >= hold.expires ? "expired" : hold.state;
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
