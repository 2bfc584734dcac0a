import { eventHash, type Command } from "@sallyport/contracts";
import type { Came } from "./holds/keeper.ts";

/** A command with its line, whose text only a hold asks for. */
export class CameCommand implements Came {
  readonly command: Command;
  readonly hash: string;
  readonly partition: number;
  readonly worker: string;
  readonly #bytes: Uint8Array;

  constructor(command: Command, bytes: Uint8Array, partition: number, worker: string) {
    this.command = command;
    this.hash = eventHash(bytes);
    this.partition = partition;
    this.worker = worker;
    this.#bytes = bytes;
  }

  get line(): string {
    return Buffer.from(this.#bytes).toString("utf8");
  }
}
