import type { Socket } from "node:net";
import { FrameReader, ProtocolError, type MessageFields } from "@sallyport/pgwire";
import { dial, type TargetAddress } from "./dial.ts";
import { Login, type LoggedIn } from "./login.ts";
import { TargetError } from "./target-error.ts";

export interface TargetOptions extends TargetAddress {
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  /** More for the startup packet, judged already; `user`, `database` and `replication` are refused. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Largest frame of the session that is held whole, bytes: the reader's `maxBuffered`. */
  readonly maxBuffered: number;
}

/** A session with the target, idle: its first statement may follow. */
export interface Target {
  /** Paused. Its errors are swallowed: watch `close`, and `destroyed` if you come later. */
  readonly socket: Socket;
  /** Has what this socket gave. May hold what the target said after it was ready: take `next()` before you listen. */
  readonly reader: FrameReader;
  /**
   * Lets the target speak: `onBytes` takes from `reader` what it can, and keeps nothing of the bytes that it was given.
   * In place of the one before.
   */
  readonly listen: (onBytes: () => void) => void;
  readonly parameters: Map<string, string>;
  /** As the target gives it, such as `18.4`. */
  readonly serverVersion: string;
  readonly pid: number;
  /** For `sendCancel`; empty if the target gave none. */
  readonly key: Buffer;
  readonly notices: readonly MessageFields[];
}

/** Dials and logs in before `deadline` aborts; afterwards the signal means nothing. @throws TargetError */
export async function openTarget(options: TargetOptions, deadline: AbortSignal): Promise<Target> {
  const reader = new FrameReader({ from: "backend", maxBuffered: options.maxBuffered });
  let heard = (): void => undefined;
  const take = (bytes: Buffer): void => reader.lend(bytes, () => heard());
  const { socket, channel } = await dial(options, deadline, take);
  const login = new Login({ ...options, channel });
  const frames = new IncomingFrames(socket, reader, deadline);
  heard = () => frames.wake();
  try {
    socket.write(login.startup());
    const result = await run(login, frames, socket);
    frames.release();
    socket.pause();
    return {
      ...result,
      socket,
      reader,
      listen(onBytes) {
        heard = onBytes;
        socket.resume();
      },
      serverVersion: result.parameters.get("server_version") ?? "",
    };
  } catch (cause) {
    frames.release();
    socket.destroy();
    if (cause instanceof ProtocolError)
      throw new TargetError("target-protocol", cause.message, { cause });
    throw cause;
  }
}

async function run(login: Login, frames: IncomingFrames, socket: Socket): Promise<LoggedIn> {
  for (;;) {
    const step = await login.step(await frames.next());
    switch (step.kind) {
      case "send":
        socket.write(step.bytes);
        break;
      case "wait":
        break;
      case "logged-in":
        return step.result;
    }
  }
}

/** Frames one at a time, each awaited: a log-in is a conversation. */
class IncomingFrames {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #deadline: AbortSignal;
  #failure: TargetError | undefined;
  #wake: () => void = () => undefined;

  constructor(socket: Socket, reader: FrameReader, deadline: AbortSignal) {
    this.#socket = socket;
    this.#reader = reader;
    this.#deadline = deadline;
    socket.on("end", this.#ended).on("close", this.#ended).on("error", this.#failed);
    if (deadline.aborted) this.#late();
    else deadline.addEventListener("abort", this.#late, { once: true });
  }

  async next(): Promise<Buffer> {
    for (;;) {
      const frame = this.#reader.next();
      if (frame?.kind === "frames" && frame.count === 1) return frame.bytes;
      if (frame !== undefined) throw new TargetError("target-protocol", "rows before it let us in");
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  release(): void {
    this.#socket.off("end", this.#ended).off("close", this.#ended).off("error", this.#failed);
    this.#deadline.removeEventListener("abort", this.#late);
  }

  /** The reader has more. */
  wake(): void {
    this.#wake();
  }

  readonly #ended = () => this.#fail(new TargetError("target-unreachable", "the target hung up"));
  readonly #failed = (cause: Error) =>
    this.#fail(new TargetError("target-unreachable", cause.message, { cause }));
  readonly #late = () =>
    this.#fail(new TargetError("target-deadline", "the target did not answer in time"));

  #fail(error: TargetError): void {
    this.#failure ??= error;
    this.#wake();
  }
}
