import type { Socket } from "node:net";
import type { OutputSession } from "@sallyport/bus";
import type { CommandId, Detect, HoldId, Principal } from "@sallyport/contracts";
import type { FrameReader } from "@sallyport/pgwire";
import type { Log } from "@sallyport/runtime";
import type { Gate } from "../gate.ts";
import type { SessionRecord } from "../record.ts";
import type { Keep } from "./running.ts";
import type { TargetCatalog } from "./target-catalog.ts";
import type { Target } from "./upstream/open-target.ts";

/** What a session needs of its worker. */
export interface SessionOptions {
  readonly client: Socket;
  /** Reads what the client sends; may hold what came with the log-in. */
  readonly reader: FrameReader;
  readonly target: Target;
  readonly record: SessionRecord;
  /** Its window holds what may leave before its record is acknowledged (I1). */
  readonly output: OutputSession;
  readonly gate: Gate;
  readonly catalog: TargetCatalog;
  readonly connection: string;
  readonly principal: Principal;
  readonly address: string;
  readonly keep: Keep;
  /** What is looked for where nobody classified a column. */
  readonly detect: Detect | undefined;
  readonly maskingKey: Buffer;
  /** Bytes of a command's text and parameters. */
  readonly statementLimit: number;
  /** Bytes of rows or COPY data that a command may bring; Infinity when any may. */
  readonly resultLimit: number;
  readonly log: Log;
  /** Cancels what runs on the target. */
  readonly cancelTarget: () => Promise<void>;
  /** DDL ran on the connection: told to all workers before this session's client hears of it. */
  readonly tellDdl: () => Promise<void>;
  /** A command waits no longer for its hold, or gives its approval back. */
  readonly release: (
    command: CommandId,
    hold: { readonly id: HoldId; readonly key: string },
    why: "cancelled" | "disconnected" | "timeout" | "not-sent",
  ) => void;
  /** The session is over, its record closed. */
  readonly onEnd: () => void;
}
